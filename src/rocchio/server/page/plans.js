// Plans that a collection supports, by what its fields are.

import { h } from "./dom.js";
import { fieldKinds } from "./state.js";

const FEEDBACK = ["rocchio", "rm3", "soft_rocchio", "bm25prf", "bo1", "kl"];

/** [{name, plan}], the default first; an empty plan is what the server does without one. */
export function presets() {
  const fields = fieldKinds();
  const has = (kind) => fields.some((field) => field.kind === kind);
  const encoded = fields.some((field) => field.kind === "vector" && field.text.includes("encoder="));
  const found = [{ name: "automatic", plan: "" }];
  if (has("text")) {
    found.push({ name: "words", plan: "bm25" });
    for (const method of FEEDBACK) found.push({ name: `feedback: ${method}`, plan: `bm25 >> ${method} >> bm25` });
  }
  if (encoded) {
    const vectors = fields.filter((field) => field.kind === "vector" && field.text.includes("encoder="));
    const dense = vectors.length === 1 ? "dense" : `dense(field=${vectors[0].name})`;
    found.push({ name: "vectors", plan: dense });
    found.push({ name: "vectors, feedback", plan: `${dense} >> vector_rocchio >> ${dense}` });
    if (has("text")) found.push({ name: "words and vectors", plan: "hybrid" });
  }
  return found;
}

/** Whether words find anything: there is a text field, or an encoder that makes vectors of them. */
export const takesWords = () => presets().length > 1;

/** Said where they find nothing. */
export const NO_WORDS = "They have no field for words: programs search them, and the map shows those with vectors.";

/** What the server does without a plan. */
function automatic() {
  const plans = presets().map((each) => each.plan);
  if (plans.includes("hybrid")) return "automatic: words and vectors";
  if (plans.includes("bm25")) return "automatic: words";
  return takesWords() ? "automatic: vectors" : "no field for words";
}

/** Methods of feedback for marks, as plans. */
export const feedbackPlans = () => FEEDBACK.map((method) => ({ method, plan: `bm25 >> ${method} >> bm25` }));

export const hasFeedback = (plan) => />>\s*\w*(rocchio|rm3|prf|bo1|kl|axiomatic|average|reencode)/.test(plan);

let number = 0;

/** A line for a plan's text form, with a menu of presets. */
export function planPicker(label, value, onchange) {
  const id = `plan-${++number}`;
  const input = h("input", { id, class: "mono", value, spellcheck: "false", autocomplete: "off", placeholder: automatic(),
    oninput: () => onchange(input.value) });
  const menu = h("select", { "aria-label": `${label}: presets`, onchange: () => {
    input.value = menu.value;
    onchange(menu.value);
  } }, presets().map((each) => h("option", { value: each.plan }, each.name)),
    h("option", { value: "own", hidden: true }, "own plan"));
  const show = () => {
    const known = presets().some((each) => each.plan === input.value);
    menu.value = known ? input.value : "own";
  };
  input.addEventListener("input", show);
  show();
  return h("div", { class: "plan" }, h("label", { for: id }, label), menu, input);
}
