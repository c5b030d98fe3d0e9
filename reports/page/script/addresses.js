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
