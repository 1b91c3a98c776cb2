// What went wrong, as the server says it; a caret stands under the place.

import { h } from "./dom.js";

export function problemBox(problem) {
  const [first, ...rest] = problem.message.split("\n");
  return h("div", { class: "problem", role: "alert" },
    h("strong", {}, problem.title), h("p", {}, first),
    rest.length ? h("pre", {}, rest.join("\n")) : null,
    problem.instance ? h("small", {}, problem.instance.replace("urn:rocchio:", "")) : null);
}
