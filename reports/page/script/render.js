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
