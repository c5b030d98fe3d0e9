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
