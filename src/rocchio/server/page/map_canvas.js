// Points on a canvas: pan, zoom, point at, light up.

import { debounced, h } from "./dom.js";

const PAD = 0.03;

export function mapCanvas({ onpick, name }) {
  const canvas = h("canvas", { tabindex: "0", role: "application",
    "aria-label": "Map. Arrow keys move, plus and minus zoom, 0 shows everything; the lists beside it say the same in words." });
  const tip = h("div", { class: "tip", hidden: true, "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  let points = new Float32Array(0);
  let regions = [];
  let lit = new Map(); // number -> strength, 0 to 1
  let near = [];
  let picked = -1;
  let view = { x: 0, y: 0, zoom: 1 };
  let colours = {};
  let asked = false;

  function size() {
    const { width, height } = canvas.getBoundingClientRect();
    return { width, height, unit: Math.min(width, height) * (0.5 - PAD) * view.zoom };
  }

  const toScreen = (number, { width, height, unit }) => [
    width / 2 + (points[2 * number] - view.x) * unit, height / 2 + (points[2 * number + 1] - view.y) * unit];

  function draw() {
    asked = false;
    const area = size();
    const scale = devicePixelRatio || 1;
    canvas.width = area.width * scale;
    canvas.height = area.height * scale;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    const count = points.length / 2;
    const dot = Math.max(1.1, Math.min(4, (count > 8000 ? 1.3 : 2.2) * Math.sqrt(view.zoom)));
    context.globalAlpha = lit.size ? 0.45 : 0.7;
    context.fillStyle = colours.soft;
    for (let number = 0; number < count; number++) {
      const [x, y] = toScreen(number, area);
      if (x < -5 || y < -5 || x > area.width + 5 || y > area.height + 5) continue;
      context.fillRect(x - dot / 2, y - dot / 2, dot, dot);
    }
    edges(area);
    for (const [number, strength] of lit) disc(number, area, dot + 1 + 4 * strength, colours.accent, 0.35 + 0.65 * strength);
    if (picked >= 0) disc(picked, area, dot + 5, colours.down, 1);
    labels(area);
  }

  function edges(area) {
    context.strokeStyle = colours.accent;
    context.lineWidth = 0.8;
    context.globalAlpha = 0.35;
    context.beginPath();
    for (const [from, to] of near) {
      context.moveTo(...toScreen(from, area));
      context.lineTo(...toScreen(to, area));
    }
    context.stroke();
  }

  function disc(number, area, radius, colour, alpha) {
    context.globalAlpha = alpha;
    context.fillStyle = colour;
    context.beginPath();
    context.arc(...toScreen(number, area), radius / 1.3, 0, 7);
    context.fill();
  }

  /** Words of regions, the largest first, where they do not cover each other. */
  function labels(area) {
    context.font = `600 12.5px ${colours.font}`;
    context.textAlign = "center";
    context.lineJoin = "round";
    const taken = [];
    for (const region of regions) {
      const text = region.words.join(", ");
      const x = area.width / 2 + (region.x - view.x) * area.unit;
      const y = area.height / 2 + (region.y - view.y) * area.unit;
      const half = context.measureText(text).width / 2 + 6;
      if (!text || taken.some((other) => Math.abs(other.y - y) < 20 && Math.abs(other.x - x) < half + other.half)) continue;
      taken.push({ x, y, half });
      context.globalAlpha = 0.9;
      context.lineWidth = 4;
      context.strokeStyle = colours.card;
      context.strokeText(text, x, y);
      context.fillStyle = colours.ink;
      context.fillText(text, x, y);
    }
  }

  function later() {
    if (!asked) requestAnimationFrame(draw);
    asked = true;
  }

  function recolour() {
    const style = getComputedStyle(canvas);
    const probe = (variable) => {
      canvas.style.color = `var(${variable})`;
      return getComputedStyle(canvas).color;
    };
    colours = { soft: probe("--soft"), accent: probe("--accent"), down: probe("--down"), ink: probe("--ink"), card: probe("--card"), font: style.fontFamily };
    later();
  }

  function nearest(x, y, within = 14) {
    const area = size();
    let best = -1;
    let least = within * within;
    for (let number = 0; number < points.length / 2; number++) {
      const [px, py] = toScreen(number, area);
      const distance = ((px - x) ** 2 + (py - y) ** 2) * (lit.has(number) ? 0.4 : 1);
      if (distance < least) [best, least] = [number, distance];
    }
    return best;
  }

  function zoom(factor, x, y) {
    const { width, height, unit } = size();
    const [cx, cy] = [(x ?? width / 2) - width / 2, (y ?? height / 2) - height / 2];
    const next = Math.min(60, Math.max(0.7, view.zoom * factor));
    const change = (1 / unit) * (1 - view.zoom / next);
    view = { x: view.x + cx * change, y: view.y + cy * change, zoom: next };
    later();
  }

  const pointers = new Map();
  let moved = 0;
  canvas.addEventListener("pointerdown", (event) => {
    pointers.set(event.pointerId, event);
    canvas.setPointerCapture(event.pointerId);
    moved = 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return point(event);
    const [dx, dy] = [event.clientX - before.clientX, event.clientY - before.clientY];
    if (pointers.size === 2) {
      const other = [...pointers.values()].find((each) => each.pointerId !== event.pointerId);
      const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
      zoom(apart(event) / Math.max(1, apart(before)));
    }
    const { unit } = size();
    view.x -= dx / unit / pointers.size;
    view.y -= dy / unit / pointers.size;
    moved += Math.abs(dx) + Math.abs(dy);
    pointers.set(event.pointerId, event);
    later();
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => {
    pointers.delete(event.pointerId);
    if (end === "pointerup" && moved < 5) {
      const number = nearest(event.offsetX, event.offsetY);
      if (number >= 0) onpick(number);
    }
  });
  canvas.addEventListener("pointerleave", () => (tip.hidden = true));
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (steps) {
      view.x += steps[0] * 0.15 / view.zoom;
      view.y += steps[1] * 0.15 / view.zoom;
    } else if (event.key === "+" || event.key === "=") zoom(1.4);
    else if (event.key === "-") zoom(1 / 1.4);
    else if (event.key === "0") view = { x: 0, y: 0, zoom: 1 };
    else return;
    event.preventDefault();
    event.stopPropagation();
    later();
  });

  function point(event) {
    const number = nearest(event.offsetX, event.offsetY);
    tip.hidden = number < 0;
    if (number < 0) return;
    const [x, y] = toScreen(number, size());
    tip.textContent = name(number);
    tip.style.left = `${x}px`;
    tip.style.top = `${y}px`;
  }

  const observer = new ResizeObserver(debounced(later, 30));
  observer.observe(canvas);
  addEventListener("themechange", recolour);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", recolour);

  return {
    canvas, tip, zoom,
    whole: () => {
      view = { x: 0, y: 0, zoom: 1 };
      later();
    },
    set(places, named) {
      points = places;
      regions = named;
      recolour();
    },
    light(strengths, pairs) {
      lit = strengths;
      near = pairs;
      later();
    },
    pick(number, closer = false) {
      picked = number;
      if (number >= 0 && closer) view = { x: points[2 * number], y: points[2 * number + 1], zoom: Math.max(view.zoom, 5) };
      later();
    },
    go(x, y) {
      view = { x, y, zoom: Math.max(view.zoom, 4) };
      later();
    },
    stop() {
      observer.disconnect();
      removeEventListener("themechange", recolour);
      scheme.removeEventListener("change", recolour);
    },
  };
}
