// What the views share. The address bar holds what is worth sending to somebody: collection, query, plan, filter.

import { where } from "./filters.js";

export const state = {
  view: "search",
  collection: "",
  about: null, // fields, sizes: the answer of the collection's route
  text: "",
  plan: "",
  other: "", // the second plan of a comparison
  filter: "", // the free line of a filter
  chosen: {}, // facets: {field: {values: [...]} or {low, high}}
  marks: new Map(), // doc_id -> "+" or "-"
  weights: null, // {term: weight} that were changed by hand
};

const SHARED = { q: "text", plan: "plan", other: "other", in: "collection" };

/** What the address says. A whole one, as `address` writes it, names the collection, and what it lacks is empty; one of a
 * view alone keeps what there is. */
export function readAddress() {
  const [path, query = ""] = location.hash.replace(/^#\//, "").split("?");
  const given = new URLSearchParams(query);
  state.view = path || "search";
  const whole = given.has("in");
  for (const [name, member] of Object.entries(SHARED)) if (whole || given.has(name)) state[member] = given.get(name) ?? "";
  const filter = given.get("where") ?? "";
  if ((whole || filter) && filter !== (wholeFilter() ?? "")) Object.assign(state, { filter, chosen: {} });
}

export function address(view = state.view) {
  const query = new URLSearchParams();
  for (const [name, member] of Object.entries(SHARED)) if (state[member]) query.set(name, state[member]);
  const filter = wholeFilter();
  if (filter) query.set("where", filter);
  const text = query.toString();
  return `#/${view}${text ? `?${text}` : ""}`;
}

export const writeAddress = () => history.replaceState(null, "", address());

/** The whole filter as a text, undefined if there is none. */
export const wholeFilter = () => where(state.chosen, state.filter);

export const fieldKinds = () =>
  Object.entries(state.about?.fields ?? {}).map(([name, text]) => ({ name, text, kind: text.split("(")[0] }));

/** Marks as a search takes them. */
export function marksForSearch() {
  const of = (sign) => [...state.marks].filter(([, mark]) => mark === sign).map(([id]) => id);
  const [relevant, not_relevant] = [of("+"), of("-")];
  return { ...(relevant.length && { relevant }), ...(not_relevant.length && { not_relevant }) };
}

/** Forget what belonged to another query. */
export function forgetFeedback() {
  state.marks.clear();
  state.weights = null;
}
