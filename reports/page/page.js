"use strict";
/* The page's panes: tree, drawing, source, explanation, values, state and hooks, all at one stop of one walk. */
(async () => {
const $ = (id) => document.getElementById(id);
const root = document.documentElement;

/* Elements are made, never parsed: recorded text goes in as text only. */
const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
};

const unpack = async () => {
  const bytes = Uint8Array.from(atob($("data").textContent), (char) => char.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
};

let data;
try {
  data = await unpack();
} catch {
  return; // an old browser: the document stays as it is
}
const {steps, functions, details, places, states, tables, ledgers, chapters} = data;
const count = steps.depth.length;
if (!count) return;

const remembered = (() => {
  try { return JSON.parse(localStorage.getItem("flasktrace-page")) || {}; } catch { return {}; }
})();
const remember = (name, value) => {
  remembered[name] = value;
  try { localStorage.setItem("flasktrace-page", JSON.stringify(remembered)); } catch { /* not allowed here */ }
};
let language = data.language;
const word = (key, values) =>
  data.words[language][key].replace(/\{(\w+)\}/g, (all, name) => (values && name in values ? values[name] : all));

/* ---- Where we stand. Each step has two stops, its entry and its end; with d its depth, the entry of
   step i is stop 2 * i - d, as before it come i entries and i - d ends. ---- */
const entries = steps.depth.map((depth, i) => 2 * i - depth);
const after = new Int32Array(count).fill(count); // the first step behind each one's subtree
{
  const open = [];
  for (let i = 0; i < count; i++) {
    while (open.length && steps.depth[open[open.length - 1]] >= steps.depth[i]) after[open.pop()] = i;
    open.push(i);
  }
}
const isMilestone = (i) => Boolean(steps.flags[i] & 2);
const lastAtOrBefore = (sorted, value) => {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle + 1; else high = middle;
  }
  return low - 1;
};
const above = (i, levels = 1) => {
  const wanted = steps.depth[i] - levels;
  if (wanted < 0) return -1;
  while (steps.depth[i] > wanted) i--;
  return i;
};
const stopAt = (index) => {
  const step = lastAtOrBefore(entries, index);
  const ends = index - entries[step];
  return ends ? {index, step: above(step, ends - 1), isEnd: true} : {index, step, isEnd: false};
};
const endOf = (i) => entries[i] + 2 * (after[i] - i) - 1;
const lastStop = 2 * count - 1;
let here = stopAt(0);
let way = []; // moves that a move back may take back exactly

const forward = {
  step: ({index}) => index + 1,
  over: ({index, step, isEnd}) => (isEnd ? index + 1 : endOf(step)),
  out: ({index, step, isEnd}) => {
    if (!isEnd) return endOf(step);
    const parent = above(step);
    return parent < 0 ? index + 1 : endOf(parent);
  },
  milestone: ({index}) => {
    for (let i = lastAtOrBefore(entries, index) + 1; i < count; i++) if (isMilestone(i)) return entries[i];
    return lastStop;
  },
};
const backward = {
  step: ({index}) => index - 1,
  over: ({index, step, isEnd}) => (isEnd ? entries[step] : index - 1),
  out: ({index, step, isEnd}) => {
    const parent = isEnd ? step : above(step);
    return parent < 0 ? index - 1 : entries[parent];
  },
  milestone: ({index}) => {
    for (let i = lastAtOrBefore(entries, index); i >= 0; i--) if (isMilestone(i) && entries[i] < index) return entries[i];
    return 0;
  },
};
const move = (kind, isBack) => {
  const last = way[way.length - 1];
  let target;
  if (isBack && last && last.kind === kind && last.to === here.index) {
    target = way.pop().from;
  } else if (isBack) {
    way = [];
    target = backward[kind](here);
  } else {
    target = Math.min(forward[kind](here), lastStop);
    way.push({kind, from: here.index, to: target});
    if (way.length > 10000) way.shift();
  }
  show(target, "replace");
};
const jump = (index) => { way = []; show(index, "push"); };
const up = () => { const parent = above(here.step); way = []; show(entries[parent < 0 ? here.step : parent], "replace"); };

/* ---- Addresses ---- */
const hashOf = ({step, isEnd}) => `#step-${step + 1}${isEnd ? "-end" : ""}`;
const stopOfHash = (hash) => {
  const found = /^#(?:d-)?(step|chapter)-(\d+)(-end)?$/.exec(hash);
  if (!found) return -1;
  const number = Number(found[2]);
  if (found[1] === "chapter") return number >= 1 && number <= chapters.length ? entries[chapters[number - 1].first - 1] : -1;
  return number >= 1 && number <= count ? (found[3] ? endOf(number - 1) : entries[number - 1]) : -1;
};
let pending = 0;
const settle = () => { clearTimeout(pending); pending = 0; if (location.hash !== hashOf(here)) history.replaceState(null, "", hashOf(here)); };
const note = (how) => {
  if (how === "push") { // what was passed before is settled first, so that Back leads there
    if (location.hash !== hashOf(here)) history.pushState(null, "", hashOf(here));
    clearTimeout(pending); pending = 0;
  } else if (how === "replace") { // browsers refuse more than some hundred changes in a few seconds
    clearTimeout(pending);
    pending = setTimeout(settle, 200);
  }
};

/* ---- The frame of the page ---- */
const button = (key, shortcut, run) =>
  make("button", {type: "button", "data-key": shortcut, onclick: run}, make("span", {"data-w": key}), make("kbd", {"aria-hidden": "true"}, shortcut));
const search = make("input", {id: "search", class: "field", type: "search", autocomplete: "off", spellcheck: "false"});
const hits = make("output", {id: "hits", for: "search"});
const themeButton = make("button", {type: "button", id: "theme"});
const languageButton = make("button", {type: "button", id: "language"});
const helpButton = make("button", {type: "button", id: "help-button"}, make("span", {"data-w": "help"}));
$("bar").append(make("div", {id: "tools", class: "js-only"}, search, hits, languageButton, themeButton, helpButton));
const moves = make("div", {id: "moves", role: "group"},
  button("back", "S", () => move("step", true)), button("step_in", "s", () => move("step")),
  button("over", "n", () => move("over")), button("out", "r", () => move("out")),
  button("parent", "u", up), button("milestone", "m", () => move("milestone")));
const scrub = make("input", {id: "scrub", type: "range", min: 0, max: lastStop, step: 1, value: 0});
const where = make("output", {id: "where", for: "scrub"});
const chapterBar = make("nav", {id: "chapters", tabindex: "-1"});
const rows = make("div", {id: "rows", role: "presentation"});
const tree = make("div", {id: "tree", role: "tree", tabindex: "0"}, rows);
const treePane = make("section", {id: "tree-pane", class: "js-only"}, tree);
const side = make("aside", {id: "side", class: "js-only", tabindex: "0"});
$("bar").after(make("div", {id: "rail", class: "js-only", role: "region"}, moves, scrub, where, chapterBar), treePane);
$("document").after(side);
const panel = (key) => {
  const body = make("div");
  side.append(make("section", {"aria-labelledby": `panel-${key}`, id: `pane-${key}`}, make("h2", {id: `panel-${key}`, "data-w": key}), body));
  return body;
};
const panes = Object.fromEntries(["explanation", "source", "values", "state", "hooks"].map((key) => [key, panel(key)]));
const documentPane = $("document");
documentPane.tabIndex = 0;
for (const figure of document.querySelectorAll("figure")) figure.removeAttribute("tabindex");
const keysOn = make("input", {type: "checkbox", id: "keys-on"});
const helpKeys = [["s S", "key_s"], ["n N", "key_n"], ["r R", "key_r"], ["u", "key_u"], ["m M", "key_m"], ["/", "key_slash"], ["g", "key_g"], ["?", "key_help"]];
const help = make("dialog", {id: "help", "aria-labelledby": "help-title"},
  make("h2", {id: "help-title", "data-w": "keys"}),
  make("dl", {}, ...helpKeys.flatMap(([keys, says]) => [
    make("dt", {}, ...keys.split(" ").flatMap((key) => [make("kbd", {}, key), " "])), make("dd", {"data-w": says})]),
    make("dt", {}, make("kbd", {}, "↑"), " ", make("kbd", {}, "↓")), make("dd", {"data-w": "arrows"})),
  make("p", {"data-w": "link_hint"}),
  make("p", {}, make("label", {}, keysOn, " ", make("span", {"data-w": "keys_on"}))),
  make("button", {type: "button", "data-w": "close", onclick: () => help.close()}));
const number = make("input", {class: "field", type: "number", min: 1, max: count, id: "number"});
const goTo = make("dialog", {id: "goto", "aria-labelledby": "goto-title"},
  make("h2", {id: "goto-title"}, make("label", {for: "number", "data-w": "go_to"})), number, " ",
  make("button", {type: "button", "data-w": "go", onclick: () => leaveGoTo()}));
document.body.append(help, goTo);
keysOn.checked = remembered.keys !== false;
keysOn.addEventListener("change", () => remember("keys", keysOn.checked));

/* ---- The tree: only the rows in sight are in the page ---- */
const PIXELS = 12e6; // browsers cannot make much taller elements
let rowHeight = 26;
const shownRows = new Map();
const numberWidth = `${String(count).length + 1}ch`;
const scale = () => {
  const full = count * rowHeight, height = Math.min(full, PIXELS), sight = tree.clientHeight;
  return {height, factor: full > height ? (full - sight) / (height - sight) : 1};
};
const endingOf = (i) => {
  const [, , kind, text] = details[steps.detail[i]];
  if (kind === "raised") return make("span", {class: "raised"}, ` ✗ ${text || word("some_exception")}`);
  return text ? make("span", {class: "value"}, ` → ${text}`) : "";
};
const argumentsOf = (i) => details[steps.detail[i]][1].map(([name, text]) => (name ? `${name}=${text}` : text)).join(", ");
const row = (i, base) => {
  const own = functions[steps.function[i]];
  const n = make("span", {class: "n"}, String(i + 1));
  n.style.width = numberWidth;
  const element = make("div", {
    class: `row${own.role === "user" ? " user" : ""}`, role: "treeitem", id: `row-${i + 1}`,
    "aria-level": steps.depth[i] + 1, "aria-selected": i === here.step ? "true" : "false",
  }, n,
  steps.flags[i] & 1 ? make("span", {class: "more"}, `⇢ ${word("new_thread")} `) : "",
  make("b", {}, own.name), make("span", {class: "args"}, own.name.endsWith(".py") ? "" : `(${argumentsOf(i)})`), endingOf(i),
  make("span", {class: "more"}, (steps.repeat[i] > 1 ? ` ×${steps.repeat[i]}` : "") + (steps.hidden[i] ? ` +${steps.hidden[i]}` : "")));
  n.style.marginRight = `${0.5 + Math.max(0, Math.min(steps.depth[i] - base, 24)) * 0.5}rem`;
  element.addEventListener("click", () => jump(entries[i]));
  return element;
};
/* Indented from the shallowest call in sight, so that deep calls are read without scrolling sideways. */
let baseDepth = 0;
const drawTree = (isFresh) => {
  const sight = tree.clientHeight;
  if (!sight) return;
  const {height, factor} = scale();
  rows.style.height = `${height}px`;
  const top = tree.scrollTop * factor;
  const first = Math.max(0, Math.floor(top / rowHeight) - 4), last = Math.min(count - 1, Math.ceil((top + sight) / rowHeight) + 4);
  let base = Infinity;
  for (let i = Math.ceil(top / rowHeight), end = Math.min(count, Math.floor((top + sight) / rowHeight)); i < end; i++) base = Math.min(base, steps.depth[i]);
  if (!Number.isFinite(base)) base = 0;
  if (isFresh || base !== baseDepth) { rows.replaceChildren(); shownRows.clear(); }
  baseDepth = base;
  for (const [i, element] of shownRows) if (i < first || i > last) { element.remove(); shownRows.delete(i); }
  for (let i = first; i <= last; i++) {
    let element = shownRows.get(i);
    if (!element) {
      element = row(i, base);
      shownRows.set(i, element);
      rows.append(element);
    }
    element.style.top = `${i * rowHeight - top + tree.scrollTop}px`;
    const isNow = i === here.step;
    element.classList.toggle("now", isNow);
    element.classList.toggle("end", isNow && here.isEnd);
    element.setAttribute("aria-selected", isNow ? "true" : "false");
  }
  if (shownRows.has(here.step)) tree.setAttribute("aria-activedescendant", `row-${here.step + 1}`);
  else tree.removeAttribute("aria-activedescendant");
};
const revealRow = () => {
  const {factor} = scale(), sight = tree.clientHeight;
  const at = here.step * rowHeight, top = tree.scrollTop * factor;
  if (at < top + rowHeight || at + 2 * rowHeight > top + sight) tree.scrollTop = Math.max(0, at - sight / 2) / factor;
};
let frame = 0;
tree.addEventListener("scroll", () => { if (!frame) frame = requestAnimationFrame(() => { frame = 0; drawTree(); }); });
const measure = () => {
  rowHeight = matchMedia("(max-width:700px)").matches ? 36 : 26;
  revealRow();
  drawTree(true);
};

/* ---- The drawing ---- */
const SVG = "http://www.w3.org/2000/svg";
let band = null, marked = null;
const markDrawing = () => {
  const group = $(`d-step-${steps.drawn[here.step]}`);
  if (group === marked && band && band.isConnected) return;
  if (band) band.remove();
  if (marked) marked.classList.remove("now");
  marked = group;
  band = null;
  if (!group) return;
  group.classList.add("now");
  const svg = group.ownerSVGElement, box = group.getBBox();
  band = document.createElementNS(SVG, "rect");
  for (const [name, value] of Object.entries({class: "here", x: 0, y: box.y - 4, width: svg.viewBox.baseVal.width, height: box.height + 8})) band.setAttribute(name, value);
  const ground = svg.querySelector("rect");
  if (ground) ground.after(band); else svg.prepend(band);
  const own = group.getBoundingClientRect(), sight = documentPane.getBoundingClientRect();
  if (own.top < sight.top + 60 || own.bottom > sight.bottom - 20) documentPane.scrollTop += own.top - sight.top - sight.height / 3;
  if (own.left < sight.left || own.right > sight.right) {
    const figure = svg.parentElement, scroller = figure.scrollWidth > figure.clientWidth ? figure : documentPane;
    scroller.scrollLeft += own.left - sight.left - 24;
  }
};
documentPane.addEventListener("click", (event) => {
  const group = event.target.closest && event.target.closest("svg [role=listitem]");
  const found = group && /^d-step-(\d+)$/.exec(group.id);
  if (!found) return;
  const drawn = Number(found[1]);
  const step = steps.drawn[drawn - 1] === drawn ? drawn - 1 : steps.drawn.indexOf(drawn);
  if (step >= 0) jump(entries[step]);
});
const pictures = {[data.language]: {}};
for (const figure of document.querySelectorAll("figure[data-chapter]")) pictures[data.language][figure.dataset.chapter] = figure.innerHTML;
Object.assign(pictures, data.drawings);

/* ---- Explanation, source, values ---- */
const explain = (own, i) => {
  const {isEnd} = here, [, , kind, , , found] = details[steps.detail[i]];
  const says = own.says[language] || ["", ""];
  const isRaised = isEnd && kind === "raised";
  const stop = isEnd ? word(kind === "returned" ? "returned" : kind) : word("entered");
  panes.explanation.replaceChildren(
    make("p", {class: "name"}, make("span", {class: own.role === "user" ? "user-name" : ""}, own.name), " ", make("span", {class: `stop${isRaised ? " raised" : ""}`}, stop)),
    make("p", {class: "dotted"}, `${own.dotted} · ${own.place}`),
    ...says.filter(Boolean).map((text) => make("p", {}, text)),
    says[0] ? "" : make("p", {class: "small"}, word(own.role === "user" ? "your_code" : "no_explanation")),
    found ? make("p", {class: "small"}, word("called_on", {actual: found[0], defining: found[1]})) : "",
    steps.repeat[i] > 1 ? make("p", {class: "small"}, word("repeated", {count: steps.repeat[i]})) : "",
    steps.resumed[i] ? make("p", {class: "small"}, word("resumed", {count: steps.resumed[i]})) : "",
    make("p", {class: "small"}, [
      duration(steps.time[i]), data.threads[steps.thread[i]] ? word("in_thread", {name: data.threads[steps.thread[i]]}) : "",
      steps.hidden[i] ? word("folded", {count: steps.hidden[i]}) : "",
    ].filter(Boolean).join(" · "), own.url ? " · " : "", own.url ? make("a", {href: own.url, rel: "noreferrer"}, word("docs")) : ""));
};
const duration = (ns) => {
  const [value, unit] = ns < 1e3 ? [ns, "ns"] : ns < 999500 ? [ns / 1e3, "µs"] : ns < 999.5e6 ? [ns / 1e6, "ms"] : [ns / 1e9, "s"];
  return `${unit === "ns" ? value : value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
};
const TOKENS = /("""[^]*?(?:"""|$)|'''[^]*?(?:'''|$)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|(#[^\n]*)|\b((?:def|class)\s+)(\w+)|\b(False|None|True|and|as|assert|async|await|break|continue|del|elif|else|except|finally|for|from|global|if|import|in|is|lambda|nonlocal|not|or|pass|raise|return|try|while|with|yield|self|cls)\b/g;
const coloured = (text) => { // pieces of [class, text]
  const pieces = [];
  let at = 0;
  for (const match of text.matchAll(TOKENS)) {
    pieces.push(["", text.slice(at, match.index)]);
    if (match[1]) pieces.push(["s", match[1]]);
    else if (match[2]) pieces.push(["c", match[2]]);
    else if (match[3]) pieces.push(["k", match[3]], ["d", match[4]]);
    else pieces.push(["k", match[5]]);
    at = match.index + match[0].length;
  }
  pieces.push(["", text.slice(at)]);
  return pieces;
};
const codeLines = new Map(); // by function: the lines as elements, made once
const linesOf = (index) => {
  let lines = codeLines.get(index);
  if (lines) return lines;
  const own = functions[index];
  lines = own.source.map((_, i) => make("div", {}, make("span", {class: "num", "aria-hidden": "true"}, String(own.line + i))));
  let at = 0;
  for (const [kind, text] of coloured(own.source.join("\n"))) {
    text.split("\n").forEach((part, i) => {
      if (i) at++;
      if (part) lines[at].append(kind ? make("span", {class: kind}, part) : part);
    });
  }
  if (codeLines.size > 200) codeLines.clear();
  codeLines.set(index, lines);
  return lines;
};
let shownCode = -1, codeElement = null;
const showSource = (own, i) => {
  const index = steps.function[i], place = places[steps.at[i]];
  const before = place ? [
    make("p", {class: "small"}, word("called_at", {name: place[0], place: place[1]})),
    place[2] ? make("p", {class: "caller"}, ...coloured(place[2]).map(([, text]) => text)) : "",
  ] : [];
  if (!own.source.length) {
    shownCode = -1;
    panes.source.replaceChildren(...before, make("p", {class: "small"}, word("no_source")));
    return;
  }
  const lines = linesOf(index);
  if (shownCode !== index || !codeElement) {
    codeElement = make("pre", {id: "code", tabindex: "0", role: "group", "aria-label": `${word("source")}: ${own.place}`}, ...lines);
    shownCode = index;
  }
  const current = (here.isEnd && steps.end_line[i] ? steps.end_line[i] : bodyLine(own)) - own.line;
  const calling = new Set();
  for (let k = i + 1; k < after[i] && k < i + 500; k++) {
    const at = places[steps.at[k]];
    if (at && at[3] === index) calling.add(at[4] - own.line);
  }
  lines.forEach((line, k) => {
    const isNow = k === current;
    line.classList.toggle("now", isNow);
    if (isNow) line.setAttribute("aria-current", "step"); else line.removeAttribute("aria-current");
    line.classList.toggle("calls", calling.has(k));
  });
  panes.source.replaceChildren(...before, codeElement);
  const line = lines[current];
  if (line) codeElement.scrollTop = Math.max(0, line.offsetTop - codeElement.clientHeight / 3);
};
/* A call enters at its def, below the decorators. */
const bodyLine = (own) => own.line + Math.max(0, own.source.findIndex((line) => /^\s*(async\s+)?(def|class)\b|lambda/.test(line)));
const showValues = (i) => {
  const [receiver, values, kind, text, className] = details[steps.detail[i]];
  const list = make("dl");
  const add = (name, value, kindOf) => list.append(make("dt", {}, name), make("dd", kindOf ? {title: kindOf} : {}, value));
  if (receiver) add(receiver[0] || "self", receiver[1], receiver[2]);
  for (const [name, value, kindOf] of values) add(name || "·", value, kindOf);
  if (here.isEnd && kind === "raised") add(word("exception"), make("span", {class: "bad"}, text || word("some_exception")));
  else if (here.isEnd && kind === "returned") add(word("result"), text || "None", className);
  panes.values.replaceChildren(list.childElementCount ? list : make("p", {class: "small"}, word("no_arguments")));
};

/* ---- State and hooks ---- */
const stackOf = (items) => (items.length
  ? make("ul", {class: "stack"}, ...[...items].reverse().map(([name, shows]) => make("li", {}, shows ? `${name}  ${shows}` : name)))
  : make("span", {class: "small"}, word("empty")));
const pairsOf = (pairs) => {
  if (pairs === null) return make("span", {class: "small"}, word("none"));
  if (!pairs.length) return "{}";
  return make("ul", {}, ...pairs.map(([name, text]) => make("li", {}, `${name} = ${text}`)));
};
const stateParts = (state) => [
  ["request_stack", stackOf(state.requests), state.requests], ["app_stack", stackOf(state.apps), state.apps],
  ...(state.storage ? [["storage", pairsOf(state.storage.map(([who, classes]) => [who, `[${classes.join(", ")}]`])), state.storage]] : []),
  ...(state.request.length ? [["current", pairsOf(state.request.filter(([, text]) => text !== "None")), state.request]] : []),
  ["session", pairsOf(state.session), state.session], ["g", pairsOf(state.g), state.g],
  ["headers", `${word(`headers_${state.headers}`)}${state.status ? ` (${state.status})` : ""}`, [state.headers, state.status]],
];
const showState = (i) => {
  const index = here.isEnd ? steps.end_state[i] : steps.state[i];
  const beforeIndex = here.isEnd ? steps.state[i] : -1;
  const tableIndex = here.isEnd ? steps.end_tables[i] : steps.tables[i];
  const list = make("dl");
  if (index >= 0) {
    const old = beforeIndex >= 0 ? Object.fromEntries(stateParts(states[beforeIndex]).map(([key, , raw]) => [key, JSON.stringify(raw)])) : null;
    for (const [key, shown, raw] of stateParts(states[index])) {
      const isNew = here.isEnd && JSON.stringify(raw) !== (old ? old[key] : undefined);
      list.append(make("dt", {}, word(key)), make("dd", {class: `${isNew ? "new" : ""}${key === "headers" ? " word" : ""}`}, shown));
    }
  }
  const parts = [list.childElementCount ? list : make("p", {class: "small"}, word("no_state"))];
  const request = chapters[chapterOf(i)].request;
  if (tableIndex >= 0 && !request) parts[list.childElementCount ? "push" : "splice"](...(list.childElementCount ? [] : [0, 1]), tablesOf(tableIndex, here.isEnd ? steps.tables[i] : tableIndex));
  panes.state.replaceChildren(...parts);
};
const tablesOf = (index, beforeIndex) => {
  const own = tables[index], old = beforeIndex >= 0 ? tables[beforeIndex] : {views: [], rules: [], hooks: []};
  const items = (now, before, says) => {
    const known = new Set(before.map(says));
    return make("ul", {}, ...now.map((item) => make("li", {class: known.has(says(item)) ? "" : "new"}, says(item))));
  };
  const hook = ([table, owner, name]) => `${table}${owner ? `[${owner}]` : ""}: ${name}`;
  const self = (text) => text;
  return make("dl", {}, make("dt", {}, word("views")), make("dd", {}, items(own.views, old.views, self)),
    make("dt", {}, word("rules")), make("dd", {}, items(own.rules, old.rules, self)),
    ...(own.hooks.length ? [make("dt", {}, word("tables")), make("dd", {}, items(own.hooks, old.hooks, hook))] : []));
};
const showHooks = (i) => {
  const request = chapters[chapterOf(i)].request;
  const ledger = ledgers.find((own) => own.request === request);
  if (!ledger) {
    panes.hooks.replaceChildren(make("p", {class: "small"}, word(request ? "no_hooks" : "no_hooks_yet")));
    return;
  }
  const body = make("tbody");
  for (const own of ledger.rows) {
    const isLater = own.ran > 0 && entries[own.step - 1] > here.index;
    const name = own.name + (own.handles ? ` (${own.handles})` : "");
    const fate = own.reason ? word(`reason_${own.reason}`, own) : isLater ? word("later") : own.raised ? word("ran_raised", {what: own.raised}) : word(own.ended ? "ended" : "ran");
    body.append(make("tr", {class: own.step === i + 1 ? "now" : isLater ? "later" : ""},
      make("td", {}, own.ran ? String(own.ran) : "–"),
      make("td", {}, own.step ? make("button", {type: "button", onclick: () => jump(entries[own.step - 1])}, name) : make("code", {}, name),
        make("br"), make("small", {}, own.decorator + (own.owner ? ` · ${own.owner}` : ""))),
      make("td", {class: own.raised && !isLater ? "bad" : ""}, fate)));
  }
  panes.hooks.replaceChildren(make("table", {}, make("thead", {}, make("tr", {}, ...["order", "hook", "what"].map((key) => make("th", {scope: "col"}, word(key))))), body));
};

/* ---- Chapters and words ---- */
const firsts = chapters.map((chapter) => chapter.first);
const chapterOf = (i) => lastAtOrBefore(firsts, i + 1);
const MAX_LINKS = 200; // of a long run, those around the current chapter
let links = [0, 0];
const drawChapters = (current) => {
  const from = Math.max(0, Math.min(current - MAX_LINKS / 2, chapters.length - MAX_LINKS));
  links = [from, Math.min(from + MAX_LINKS, chapters.length)];
  let story = null;
  chapterBar.replaceChildren();
  for (let i = links[0]; i < links[1]; i++) {
    const chapter = chapters[i];
    if (chapter.request !== story) {
      story = chapter.request;
      const request = data.requests.find((own) => own.id === story);
      chapterBar.append(make("span", {class: "story"}, request ? request.says : word("start_up")));
    }
    chapterBar.append(make("a", {href: `#chapter-${i + 1}`, id: `link-${i}`}, `${i + 1} ${data.phases[chapter.phase][language]}`));
  }
};
chapterBar.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link) return;
  event.preventDefault();
  way = [];
  show(stopOfHash(link.hash), "none");
  clearTimeout(pending);
  if (location.hash !== link.hash) history.pushState(null, "", link.hash);
});
const speak = () => {
  root.lang = language === "zh" ? "zh-Hans" : language;
  for (const element of document.querySelectorAll("[data-w]")) element.textContent = word(element.dataset.w, element.dataset);
  for (const element of document.querySelectorAll("[data-phase]")) element.textContent = data.phases[element.dataset.phase][language];
  for (const element of document.querySelectorAll("[data-does]")) {
    const own = functions[element.dataset.does];
    if (own && own.says[language]) element.textContent = own.says[language][0];
  }
  for (const figure of document.querySelectorAll("figure[data-chapter]")) {
    const picture = (pictures[language] || {})[figure.dataset.chapter];
    if (picture && figure.dataset.shown !== language) figure.innerHTML = picture; // our own drawing, escaped where it was made
    figure.dataset.shown = language;
  }
  search.placeholder = word("search_hint");
  for (const [element, key] of [[search, "search_hint"], [scrub, "scrub"], [tree, "tree"], [treePane, "tree"], [documentPane, "diagram"], [side, "explanation"], [chapterBar, "chapters"], [moves, "step"], [$("rail"), "scrub"], [hits, "search"], [where, "step"]]) element.setAttribute("aria-label", word(key));
  const other = data.languages[(data.languages.indexOf(language) + 1) % data.languages.length];
  languageButton.textContent = other === "zh" ? "中文" : "English";
  languageButton.lang = other === "zh" ? "zh-Hans" : other;
  languageButton.hidden = data.languages.length < 2;
  themeButton.textContent = word(isDark() ? "light" : "dark");
  shownCode = -1;
  band = marked = null;
  drawChapters(chapterOf(here.step));
  measure();
  render();
};
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme:dark)").matches);
if (remembered.theme === "dark" || remembered.theme === "light") root.dataset.theme = remembered.theme;
if (data.languages.includes(remembered.language)) language = remembered.language;
themeButton.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  remember("theme", root.dataset.theme);
  themeButton.textContent = word(isDark() ? "light" : "dark");
});
matchMedia("(prefers-color-scheme:dark)").addEventListener("change", () => { themeButton.textContent = word(isDark() ? "light" : "dark"); });
languageButton.addEventListener("click", () => {
  language = data.languages[(data.languages.indexOf(language) + 1) % data.languages.length];
  remember("language", language);
  speak();
});

/* ---- All panes show the stop where we stand ---- */
const render = () => {
  const i = here.step, own = functions[steps.function[i]];
  explain(own, i);
  showSource(own, i);
  showValues(i);
  showState(i);
  showHooks(i);
  markDrawing();
  revealRow();
  drawTree();
  const chapter = chapterOf(i);
  if (chapter < links[0] || chapter >= links[1]) drawChapters(chapter);
  const old = chapterBar.querySelector("[aria-current]"), link = $(`link-${chapter}`);
  if (old && old !== link) old.removeAttribute("aria-current");
  if (link) {
    link.setAttribute("aria-current", "true");
    const own = link.getBoundingClientRect(), bar = chapterBar.getBoundingClientRect();
    if (own.left < bar.left || own.right > bar.right) chapterBar.scrollLeft += own.left - bar.left - bar.width / 4;
  }
  scrub.value = here.index;
  const says = word("step_of", {step: i + 1, count}) + (here.isEnd ? ` · ${word("at_end")}` : "");
  scrub.setAttribute("aria-valuetext", `${says}: ${own.name}`);
  where.textContent = says;
  for (const element of moves.children) element.disabled = element.dataset.key === "S" ? here.index === 0 : element.dataset.key === "u" ? steps.depth[i] === 0 : here.index === lastStop;
};
const show = (index, how) => {
  if (how === "push" && pending) settle();
  here = stopAt(Math.max(0, Math.min(index, lastStop)));
  render();
  note(how);
};

/* ---- Search, go to, keys ---- */
const haystack = (i) => `${functions[steps.function[i]].dotted} ${argumentsOf(i)} ${details[steps.detail[i]][3]}`.toLowerCase();
let found = {text: "", list: []};
const find = (text) => {
  if (found.text === text) return found.list;
  const list = [], known = new Map(); // equal calls read alike
  for (let i = 0; i < count; i++) {
    const key = steps.function[i] * 4194304 + steps.detail[i];
    let isHit = known.get(key);
    if (isHit === undefined) known.set(key, isHit = haystack(i).includes(text));
    if (isHit) list.push(i);
  }
  found = {text, list};
  return list;
};
const nextHit = (isBack) => {
  const text = search.value.trim().toLowerCase();
  if (!text) { hits.textContent = ""; return; }
  const list = find(text);
  if (!list.length) { hits.textContent = word("no_match"); return; }
  let at = isBack ? lastAtOrBefore(list, here.step - 1) : lastAtOrBefore(list, here.step) + 1;
  at = (at + list.length) % list.length;
  jump(entries[list[at]]);
  hits.textContent = `${at + 1}/${list.length}`;
};
search.addEventListener("keydown", (event) => {
  if (event.key === "Enter") { event.preventDefault(); nextHit(event.shiftKey); }
  if (event.key === "Escape") { search.value = ""; hits.textContent = ""; tree.focus(); event.preventDefault(); }
});
const leaveGoTo = () => {
  const wanted = Math.round(Number(number.value));
  if (wanted >= 1 && wanted <= count) { goTo.close(); jump(entries[wanted - 1]); tree.focus(); }
};
number.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); leaveGoTo(); } });
helpButton.addEventListener("click", () => help.showModal());
const keys = {
  s: () => move("step"), S: () => move("step", true), n: () => move("over"), N: () => move("over", true),
  r: () => move("out"), R: () => move("out", true), m: () => move("milestone"), M: () => move("milestone", true), u: up,
  "/": () => { search.focus(); search.select(); },
  g: () => { number.value = here.step + 1; goTo.showModal(); number.select(); },
  "?": () => help.showModal(),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || help.open || goTo.open) return;
  const target = event.target;
  if (target === tree && (event.key === "ArrowDown" || event.key === "ArrowUp" || event.key === "Home" || event.key === "End")) {
    const step = {ArrowDown: here.step + 1, ArrowUp: here.step - 1, Home: 0, End: count - 1}[event.key];
    way = [];
    if (step >= 0 && step < count) show(entries[step], "replace");
    event.preventDefault();
    return;
  }
  if (!keysOn.checked || (target.matches && target.matches("input:not([type=range]):not([type=checkbox])"))) return;
  if (Object.hasOwn(keys, event.key)) { event.preventDefault(); keys[event.key](); }
});
scrub.addEventListener("input", () => { way = []; show(Number(scrub.value), "replace"); });
const follow = () => { const index = stopOfHash(location.hash); if (index >= 0) { way = []; show(index, "none"); } };
addEventListener("popstate", follow);
addEventListener("hashchange", follow);
addEventListener("resize", () => {
  measure();
  if (band) band.remove();
  band = null;
  render();
});

root.classList.add("js");
const start = stopOfHash(location.hash);
here = stopAt(start >= 0 ? start : 0);
speak();
root.dataset.ready = "true";
})();
