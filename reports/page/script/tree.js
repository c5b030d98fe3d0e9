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
  steps.flags[i] & 1 ? make("span", {class: "more"}, `⇢ ${word(steps.flags[i] & 8 ? "new_process" : "new_thread")} `) : "",
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
