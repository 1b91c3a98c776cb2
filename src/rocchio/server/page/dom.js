// Elements without markup: texts of documents are only ever text.

/** An element. Properties that begin with "on" are listeners; others are attributes; null and false are left out. */
export function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** The same for SVG. */
export function svg(tag, properties = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, each] of Object.entries(value)) element.style.setProperty(key, each);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Say something to screen readers. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

export const count = (number) => number.toLocaleString("en");

export function bytes(size) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; size >= 1024 && unit < units.length - 1; unit++) size /= 1024;
  return `${unit && size < 100 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

export function debounced(action, wait) {
  let timer;
  const later = (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...given), wait);
  };
  later.now = (...given) => {
    clearTimeout(timer);
    action(...given);
  };
  return later;
}

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** A piece of text with marks, which are (start, end) in code points. */
export function marked(text, marks) {
  const letters = Array.from(text);
  const parts = [];
  let place = 0;
  for (const [start, end] of marks) {
    if (start < place) continue;
    parts.push(letters.slice(place, start).join(""), h("mark", {}, letters.slice(start, end).join("")));
    place = end;
  }
  parts.push(letters.slice(place).join(""));
  return parts;
}

export function table(caption, heads, rows) {
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h("table", {}, h("caption", { class: "hidden" }, caption),
      h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell, place) =>
        place ? h("td", {}, cell) : h("th", { scope: "row" }, cell)))))));
}
