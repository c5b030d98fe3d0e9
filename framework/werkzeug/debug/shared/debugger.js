"use strict";
/* The debugger's page: shows the lines around a frame's, and opens a console in it.
   TRACEBACK, CONSOLE_MODE, EVALEX, EVALEX_TRUSTED and SECRET are set by the page. */

function ask(parameters) {
  const query = new URLSearchParams({ __debugger__: "yes", s: SECRET, ...parameters });
  return fetch(location.pathname + "?" + query, { credentials: "same-origin" });
}

function element(name, properties, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}

function unlock() {
  if (EVALEX_TRUSTED) return;
  ask({ cmd: "printpin" });
  const prompt = document.querySelector(".pin-prompt");
  prompt.hidden = false;
  prompt.querySelector("input").focus();
}

function setUpPinPrompt() {
  const prompt = document.querySelector(".pin-prompt");
  const form = prompt.querySelector("form");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    form.pin.disabled = true;
    try {
      const answer = await (await ask({ cmd: "pinauth", pin: form.pin.value })).json();
      if (answer.auth) {
        EVALEX_TRUSTED = true;
        prompt.hidden = true;
      } else {
        alert(answer.exhausted ? "Too many wrong PINs: restart the server to try again." : "Wrong PIN.");
      }
    } catch (error) {
      alert("The server does not answer: " + error);
    }
    form.pin.disabled = false;
  });
}

function addToggles(output) {
  for (const hidden of output.querySelectorAll(".extended")) {
    const toggle = element("a", { href: "#", className: "toggle", textContent: "…" });
    toggle.addEventListener("click", (event) => {
      event.preventDefault();
      hidden.classList.toggle("open");
    });
    hidden.after(toggle);
  }
}

function openConsole(place, frame) {
  unlock();
  const output = element("div", { className: "output" }, element("div", { textContent: "[console ready]" }));
  const input = element("input", { type: "text", autocomplete: "off", spellcheck: false });
  input.setAttribute("aria-label", "Python code");
  const form = element("form", {}, ">>> ", input);
  const history = [];
  let position = 0;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const command = input.value;
    position = history.push(command);
    input.value = "";
    const result = element("div", {});
    result.innerHTML = await (await ask({ cmd: command, frm: frame })).text();
    addToggles(result);
    output.append(result);
    input.scrollIntoView({ block: "nearest" });
  });
  input.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step) {
      event.preventDefault();
      position = Math.max(0, Math.min(history.length, position + step));
      input.value = history[position] ?? "";
    } else if (event.key === "l" && event.ctrlKey) {
      event.preventDefault();
      output.replaceChildren();
    }
  });
  place.append(element("div", { className: "console" }, output, form));
  input.focus();
}

function setUpFrame(frame) {
  const source = frame.querySelector(".source");
  source.addEventListener("click", () => source.classList.toggle("expanded"));
  if (!EVALEX) return;
  const button = element("button", { type: "button", className: "open-console", textContent: "console" });
  button.addEventListener("click", () => {
    const open = frame.querySelector(".console");
    if (open) open.hidden = !open.hidden;
    else openConsole(frame, frame.id.substring("frame-".length));
  });
  frame.querySelector("h4").append(button);
}

/* Calls a function once the page is read. */
function $(start) {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
}

$(function() {
  setUpPinPrompt();
  document.querySelectorAll(".frame").forEach(setUpFrame);
  if (CONSOLE_MODE && EVALEX) {
    const place = document.querySelector("div.console");
    place.className = "";
    place.replaceChildren();
    openConsole(place, 0);
  }
});
