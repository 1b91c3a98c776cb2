// Start: the header, the views, the theme, the key, the keyboard.

import { api, key, whenKeyIsNeeded } from "./api.js";
import { announce, h } from "./dom.js";
import { problemBox } from "./problem.js";
import { searchView } from "./search_view.js";
import { address, forgetFeedback, readAddress, state, writeAddress } from "./state.js";

const VIEWS = {
  search: { name: "Search", load: async () => searchView },
  compare: { name: "Compare", load: async () => (await import("./compare_view.js")).compareView },
  map: { name: "Map", load: async () => (await import("./map_view.js")).mapView },
  collection: { name: "Collection", load: async () => (await import("./collection_view.js")).collectionView },
  experiment: { name: "Experiment", load: async () => (await import("./experiment_view.js")).experimentView },
};
const SHORTCUTS = [
  ["/", "go to the search line"], ["j  k", "next, previous result"], ["+  −", "mark the result as relevant, not relevant"],
  ["w", "why this result"], ["1 … 5", "search, compare, map, collection, experiment"], ["t", "theme"], ["?", "this list"],
];
const $ = (id) => document.getElementById(id);
let leave = () => {};
let shown = 0;

async function show() {
  const turn = ++shown;
  leave();
  leave = () => {};
  const view = VIEWS[state.view] ?? VIEWS.search;
  for (const link of $("views").children) {
    if (link.dataset.view === state.view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${view.name} · ${state.collection || "rocchio"}`;
  if (!state.about) return;
  const place = h("div", { class: `view ${state.view}` });
  $("main").replaceChildren(place);
  const start = await view.load();
  if (turn === shown) leave = start(place) ?? (() => {});
}

async function choose(name) {
  state.collection = name;
  state.about = null;
  try {
    const about = await api.about(name);
    if (state.collection !== name) return; // another was chosen meanwhile
    state.about = about;
  } catch (problem) {
    if (state.collection === name) $("main").replaceChildren(problemBox(problem));
    return;
  }
  writeAddress();
  await show();
}

async function begin() {
  readAddress();
  try {
    const { collections } = await api.collections();
    const names = collections.map((each) => each.name);
    $("collection").replaceChildren(...names.map((name) => h("option", { value: name }, name)));
    if (!names.length) {
      $("main").replaceChildren(h("div", { class: "empty" }, h("h1", {}, "No collections yet"),
        h("p", {}, "Make one: ", h("code", {}, "rocchio index corpus.jsonl papers.rocchio"), ", then serve its folder.")));
      return;
    }
    const name = state.collection || names[0];
    $("collection").value = name; // none is selected if it is not there
    if (names.includes(name)) await choose(name);
    else showMissing(name);
    performance.mark("rocchio-ready");
  } catch (problem) {
    $("main").replaceChildren(problemBox(problem));
  }
}

/** For an address of a collection that is not there: another one's results would pass for its own. */
function showMissing(name) {
  state.about = null;
  show(); // leaves the view of another collection
  $("main").replaceChildren(h("div", { class: "empty" }, h("h1", {}, `No collection ${name}`),
    h("p", {}, "The address names one that is not on this server, or not for your key. Choose another above.")));
}

const THEMES = ["auto", "light", "dark"];

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  localStorage.setItem("rocchio.theme", name);
  $("theme").textContent = { auto: "◐", light: "☀", dark: "☾" }[name];
  $("theme").setAttribute("aria-label", `Theme: ${name}`);
  $("theme").title = `Theme: ${name}`;
  dispatchEvent(new Event("themechange"));
}

function nextTheme() {
  const name = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length];
  setTheme(name);
  announce(`Theme: ${name}`);
}

function askKey() {
  $("key-input").value = key.get();
  if (!$("key-dialog").open) $("key-dialog").showModal();
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest("input:not([type=range]), textarea, select, dialog");
  if (event.key === "Escape" && typing && !typing.closest("dialog")) event.target.blur();
  if (typing) return;
  const number = Number(event.key);
  if (event.key === "/") {
    event.preventDefault();
    document.querySelector("[type=search]")?.focus();
  } else if (event.key === "?") $("help-dialog").showModal();
  else if (event.key === "t") nextTheme();
  else if (number >= 1 && number <= 5) location.hash = address(Object.keys(VIEWS)[number - 1]);
  else dispatchEvent(new CustomEvent("shortcut", { detail: event }));
}

function links() {
  $("views").replaceChildren(...Object.entries(VIEWS).map(([view, { name }]) =>
    h("a", { href: `#/${view}`, "data-view": view, onclick: (event) => {
      event.preventDefault();
      location.hash = address(view);
    } }, name)));
}

whenKeyIsNeeded(askKey);
links();
setTheme(localStorage.getItem("rocchio.theme") ?? "auto");
$("theme").addEventListener("click", nextTheme);
$("key").addEventListener("click", askKey);
$("help").addEventListener("click", () => $("help-dialog").showModal());
$("shortcuts").append(...SHORTCUTS.flatMap(([keys, text]) => [h("dt", {}, h("kbd", {}, keys)), h("dd", {}, text)]));
$("key-dialog").addEventListener("close", () => {
  const done = $("key-dialog").returnValue;
  if (done === "forget") key.set("");
  if (done === "save") key.set($("key-input").value.trim());
  if (done) begin();
});
$("key-input").addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  $("key-dialog").close("save");
});
$("collection").addEventListener("change", () => {
  forgetFeedback();
  Object.assign(state, { chosen: {}, plan: "", other: "", filter: "" });
  choose($("collection").value);
});
addEventListener("keydown", onKey);
addEventListener("hashchange", () => {
  const { collection, text } = state;
  readAddress();
  if (collection !== state.collection || text !== state.text) forgetFeedback();
  if (collection !== state.collection) begin();
  else show();
});
begin();
