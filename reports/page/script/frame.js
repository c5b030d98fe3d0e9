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
