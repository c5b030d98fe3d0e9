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
root.classList.remove("starting");
speak();
root.dataset.ready = "true";
