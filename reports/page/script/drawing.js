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
