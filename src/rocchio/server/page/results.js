// The ranking: cards that move to their new places when it changes.

import { calm, h, marked } from "./dom.js";
import { state } from "./state.js";
import { why } from "./why.js";

const TITLES = ["title", "name", "heading", "subject"];
const MOVE_MS = 350;

export function resultList({ onmark }) {
  const element = h("ol", { class: "results" });
  let current = -1;

  function show(hits, before = null) {
    const places = new Map([...element.children].map((card) => [card.dataset.id, card.getBoundingClientRect().top]));
    const open = new Set([...element.querySelectorAll("details[open]")].map((each) => each.closest("li").dataset.id));
    const focused = document.activeElement?.closest?.("li[data-id]");
    const [id, action] = [focused?.dataset.id, document.activeElement?.dataset?.action];
    const best = hits[0]?.score ?? 1;
    element.replaceChildren(...hits.map((hit, place) => card(hit, place + 1, best, before, open.has(hit.doc_id))));
    current = -1;
    if (id && element.contains(find(id))) {
      const again = find(id);
      (action ? again.querySelector(`[data-action="${action}"]`) : again).focus({ preventScroll: true });
      current = [...element.children].indexOf(again);
    }
    if (!calm()) for (const each of element.children) move(each, places.get(each.dataset.id), places.size > 0);
  }

  const find = (id) => [...element.children].find((each) => each.dataset.id === id);

  function card(hit, rank, best, before, isOpen) {
    const sign = state.marks.get(hit.doc_id);
    const title = titleOf(hit);
    const details = h("details", { open: isOpen, ontoggle: (event) => {
      if (event.target.open && event.target.children.length === 1) event.target.append(why(hit.why));
    } }, h("summary", { "data-action": "why" }, "Why"));
    if (isOpen) details.append(why(hit.why));
    return h("li", { "data-id": hit.doc_id, tabindex: "-1", class: sign ? `marked ${sign === "+" ? "plus" : "minus"}` : null },
      h("div", { class: "rank", "aria-hidden": "true" }, String(rank), before ? shift(before.get(hit.doc_id), rank) : null),
      h("div", { class: "body" },
        h("h2", {}, title), title === hit.doc_id ? null : h("p", { class: "id mono" }, hit.doc_id),
        ...texts(hit), chips(hit),
        h("div", { class: "actions" },
          h("span", { class: "score", title: "score" }, h("span", { class: "meter", "aria-hidden": "true",
            style: { "--share": best > 0 ? Math.max(0, hit.score / best) : 0 } }), hit.score.toFixed(3)),
          button("+", "plus", "Relevant", sign === "+", hit), button("−", "minus", "Not relevant", sign === "-", hit)),
        details));
  }

  function button(label, kind, name, pressed, hit) {
    return h("button", { type: "button", class: `mark ${kind}`, "data-action": kind, "aria-pressed": String(pressed),
      "aria-label": `${name}: ${titleOf(hit)}`, title: name, onclick: () => onmark(hit.doc_id, kind === "plus" ? "+" : "-") }, label);
  }

  function key(event) {
    const cards = [...element.children];
    if (!cards.length) return;
    const focused = cards.indexOf(document.activeElement?.closest?.("li[data-id]"));
    if (focused >= 0) current = focused;
    const chosen = cards[current];
    if (event.key === "j" || event.key === "k") {
      current = Math.min(cards.length - 1, Math.max(0, current + (event.key === "j" ? 1 : -1)));
      cards[current].focus();
      cards[current].scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
    } else if (chosen && (event.key === "+" || event.key === "=")) onmark(chosen.dataset.id, "+");
    else if (chosen && event.key === "-") onmark(chosen.dataset.id, "-");
    else if (chosen && event.key === "w") chosen.querySelector("summary").click();
  }

  return { element, show, key };
}

/** From where it was to where it is. */
function move(card, before, hadCards) {
  const now = card.getBoundingClientRect().top;
  if (before === undefined) {
    if (hadCards) card.animate([{ opacity: 0 }, { opacity: 1 }], { duration: MOVE_MS, easing: "ease-out" });
  } else if (before !== now) {
    card.animate([{ transform: `translateY(${before - now}px)` }, { transform: "none" }], { duration: MOVE_MS, easing: "ease" });
  }
}

function shift(before, rank) {
  if (before === undefined) return h("span", { class: "shift new" }, "new");
  if (before === rank) return null;
  const up = before > rank;
  return h("span", { class: `shift ${up ? "up" : "down"}` }, `${up ? "▲" : "▼"}${Math.abs(before - rank)}`);
}

export function titleOf(hit) {
  const fields = hit.fields ?? {};
  const name = TITLES.find((each) => typeof fields[each] === "string" && fields[each]);
  return name ? fields[name] : hit.doc_id;
}

function texts(hit) {
  const snippets = Object.entries(hit.snippets ?? {}).filter(([name]) => !TITLES.includes(name));
  if (snippets.length) return snippets.slice(0, 2).map(([, { text, marks }]) => h("p", { class: "snippet" }, marked(text, marks)));
  const names = Object.entries(state.about.fields).filter(([name, kind]) => kind.startsWith("text") && !TITLES.includes(name));
  const text = hit.passage?.text ?? names.map(([name]) => hit.fields?.[name]).find(Boolean);
  return text ? [h("p", { class: "snippet" }, text.length > 240 ? `${Array.from(text).slice(0, 240).join("")} …` : text)] : [];
}

function chips(hit) {
  const shown = Object.entries(state.about.fields)
    .filter(([name, kind]) => /^(keyword|number|date|bool)/.test(kind) && !TITLES.includes(name))
    .flatMap(([name]) => [hit.fields?.[name] ?? []].flat().slice(0, 4).map((value) => [name, value]))
    .slice(0, 8);
  if (!shown.length) return null;
  return h("ul", { class: "chips" }, shown.map(([name, value]) =>
    h("li", {}, h("span", {}, name), ` ${typeof value === "string" ? value.replace(/T00:00:00.*$/, "") : value}`)));
}
