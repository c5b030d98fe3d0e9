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
