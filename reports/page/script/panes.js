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
const isDef = (line) => /^\s*(async\s+)?(def|class)\b/.test(line);
const bodyLine = (own) => own.line + (/^\s*@/.test(own.source[0]) ? Math.max(0, own.source.findIndex(isDef)) : 0);
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
