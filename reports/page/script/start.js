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
root.classList.add("starting"); // no flash of the document before the panes are there
try {
  data = await unpack();
} catch {
  root.classList.remove("starting");
  return; // an old browser: the document stays as it is
}
const {steps, functions, details, places, states, tables, ledgers, chapters} = data;
const count = steps.depth.length;
if (!count) {
  root.classList.remove("starting");
  return;
}

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
