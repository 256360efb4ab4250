// A rule file: errors lead to their lines; a trial says how far it is.
const field = document.getElementById("text");

function goTo(line, column = 1) {
  const lines = field.value.split("\n");
  const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0) + column - 1;
  field.focus();
  field.setSelectionRange(start, start + Math.max((lines[line - 1] ?? "").length - column + 1, 0));
  field.scrollTop = Math.max(0, (line - 6) * parseFloat(getComputedStyle(field).lineHeight));
}

for (const link of document.querySelectorAll("[data-line]"))
  link.addEventListener("click", event => {
    event.preventDefault();
    goTo(Number(link.dataset.line), Number(link.dataset.column) || 1);
  });

const line = Number(new URLSearchParams(location.search).get("line"));
if (line && location.pathname === "/rules/edit") goTo(line);

// What was typed is not lost to a wrong key.
let changed = false;
field?.addEventListener("input", () => (changed = true));
field?.form.addEventListener("submit", () => (changed = false));
addEventListener("beforeunload", event => {
  if (changed) event.preventDefault();
});

const trial = document.getElementById("trial");
const done = () => trial.querySelector(".progress").dataset.done === "true";

async function look() {
  try {
    const answer = await fetch(trial.dataset.part, { headers: { "Radlabel-Part": "state" } });
    if (answer.ok) trial.innerHTML = await answer.text(); // made by this server's templates, which escape
  } catch {
    return; // the link to look again stays
  }
  if (!done()) setTimeout(look, 500);
}
if (trial && !done()) setTimeout(look, 300);
