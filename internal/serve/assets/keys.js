// Keys of a page: an element with data-key is clicked, or gets the focus if it is a
// field, by that key. Within a field keys are letters; Escape leaves it.
for (const e of document.querySelectorAll(".scripted")) e.hidden = false;

const names = { ArrowRight: "j", ArrowLeft: "k" };

document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const field = event.target.closest?.("input, select, textarea");
  if (field) {
    if (event.key === "Escape") field.blur();
    return;
  }
  if (event.target.closest?.("[tabindex='0']") && event.key.startsWith("Arrow")) return; // it scrolls
  const key = names[event.key] ?? event.key;
  const wanted = [...document.querySelectorAll("[data-key]")].find(e => e.dataset.key === key);
  if (!wanted) return;
  event.preventDefault();
  if (wanted.matches("input, select, textarea")) wanted.focus();
  else wanted.click();
});
