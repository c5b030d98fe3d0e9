/* ---- State and hooks ---- */
const stackOf = (items) => (items.length
  ? make("ul", {class: "stack"}, ...[...items].reverse().map(([name, shows]) => make("li", {}, shows ? `${name}  ${shows}` : name)))
  : make("span", {class: "small"}, word("empty")));
const pairsOf = (pairs) => {
  if (pairs === null) return make("span", {class: "small"}, word("none"));
  if (!pairs.length) return "{}";
  return make("ul", {}, ...pairs.map(([name, text]) => make("li", {}, `${name} = ${text}`)));
};
const stateParts = (state) => [
  ["request_stack", stackOf(state.requests), state.requests], ["app_stack", stackOf(state.apps), state.apps],
  ...(state.storage ? [["storage", pairsOf(state.storage.map(([who, classes]) => [who, `[${classes.join(", ")}]`])), state.storage]] : []),
  ...(state.request.length ? [["current", pairsOf(state.request.filter(([, text]) => text !== "None")), state.request]] : []),
  ["session", pairsOf(state.session), state.session], ["g", pairsOf(state.g), state.g],
  ["headers", `${word(`headers_${state.headers}`)}${state.status ? ` (${state.status})` : ""}`, [state.headers, state.status]],
];
const showState = (i) => {
  const index = here.isEnd ? steps.end_state[i] : steps.state[i];
  const beforeIndex = here.isEnd ? steps.state[i] : -1;
  const tableIndex = here.isEnd ? steps.end_tables[i] : steps.tables[i];
  const list = make("dl");
  if (index >= 0) {
    const old = beforeIndex >= 0 ? Object.fromEntries(stateParts(states[beforeIndex]).map(([key, , raw]) => [key, JSON.stringify(raw)])) : null;
    for (const [key, shown, raw] of stateParts(states[index])) {
      const isNew = here.isEnd && JSON.stringify(raw) !== (old ? old[key] : undefined);
      list.append(make("dt", {}, word(key)), make("dd", {class: `${isNew ? "new" : ""}${key === "headers" ? " word" : ""}`}, shown));
    }
  }
  const parts = [list.childElementCount ? list : make("p", {class: "small"}, word("no_state"))];
  const request = chapters[chapterOf(i)].request;
  if (tableIndex >= 0 && !request) parts[list.childElementCount ? "push" : "splice"](...(list.childElementCount ? [] : [0, 1]), tablesOf(tableIndex, here.isEnd ? steps.tables[i] : tableIndex));
  panes.state.replaceChildren(...parts);
};
const tablesOf = (index, beforeIndex) => {
  const own = tables[index], old = beforeIndex >= 0 ? tables[beforeIndex] : {views: [], rules: [], hooks: []};
  const items = (now, before, says) => {
    const known = new Set(before.map(says));
    return make("ul", {}, ...now.map((item) => make("li", {class: known.has(says(item)) ? "" : "new"}, says(item))));
  };
  const hook = ([table, owner, name]) => `${table}${owner ? `[${owner}]` : ""}: ${name}`;
  const self = (text) => text;
  return make("dl", {}, make("dt", {}, word("views")), make("dd", {}, items(own.views, old.views, self)),
    make("dt", {}, word("rules")), make("dd", {}, items(own.rules, old.rules, self)),
    ...(own.hooks.length ? [make("dt", {}, word("tables")), make("dd", {}, items(own.hooks, old.hooks, hook))] : []));
};
const showHooks = (i) => {
  const request = chapters[chapterOf(i)].request;
  const ledger = ledgers.find((own) => own.request === request);
  if (!ledger) {
    panes.hooks.replaceChildren(make("p", {class: "small"}, word(request ? "no_hooks" : "no_hooks_yet")));
    return;
  }
  const body = make("tbody");
  for (const own of ledger.rows) {
    const isLater = own.ran > 0 && entries[own.step - 1] > here.index;
    const name = own.name + (own.handles ? ` (${own.handles})` : "");
    const fate = own.reason ? word(`reason_${own.reason}`, own) : isLater ? word("later") : own.raised ? word("ran_raised", {what: own.raised}) : word(own.ended ? "ended" : "ran");
    body.append(make("tr", {class: own.step === i + 1 ? "now" : isLater ? "later" : ""},
      make("td", {}, own.ran ? String(own.ran) : "–"),
      make("td", {}, own.step ? make("button", {type: "button", onclick: () => jump(entries[own.step - 1])}, name) : make("code", {}, name),
        make("br"), make("small", {}, own.decorator + (own.owner ? ` · ${own.owner}` : ""))),
      make("td", {class: own.raised && !isLater ? "bad" : ""}, fate)));
  }
  panes.hooks.replaceChildren(make("table", {}, make("thead", {}, make("tr", {}, ...["order", "hook", "what"].map((key) => make("th", {scope: "col"}, word(key))))), body));
};
