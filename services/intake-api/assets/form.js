// Shows fields only when another answer makes them matter. Without this script all of them are there, with hints.
"use strict";

const form = document.querySelector("form.intake");

// A hidden field is not sent, so an answer that no longer matters does not arrive.
function show(box, visible) {
  box.hidden = !visible;
  for (const input of box.querySelectorAll("input, textarea")) input.disabled = !visible;
}

function answer(name) {
  for (const input of form.querySelectorAll(`[name="${name}"]`)) {
    if (input.checked && !input.disabled) return input.value;
  }
  return "";
}

function update() {
  // in the order of the page, so that a field that depends on a hidden one is hidden too
  for (const box of form.querySelectorAll("[data-only-when]")) {
    const [name, value] = box.dataset.onlyWhen.split("=");
    show(box, answer(name) === value);
  }
}

if (form) {
  form.addEventListener("change", update);
  form.addEventListener("submit", () => {
    const button = form.querySelector("button[type=submit]");
    button.disabled = true;
    button.textContent = "Sending…";
  });
  // a page that comes back from the browser's history must be usable again
  window.addEventListener("pageshow", () => {
    const button = form.querySelector("button[type=submit]");
    button.disabled = false;
    button.textContent = "Send my application";
    update();
  });
  update();
  document.getElementById("problems")?.focus();
}
