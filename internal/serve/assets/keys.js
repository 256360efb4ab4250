// Keys of a page: an element with data-key is clicked, or gets the focus if it is a
// field, by that key; in a list marked with data-list, j and k go from link to link.
// Within a field keys are letters; Escape leaves it.
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
  const list = document.querySelector("[data-list]");
  if (list && (key === "j" || key === "k")) {
    // From link to link of a list.
    const links = [...list.querySelectorAll("h2 a, h3 a")];
    const at = links.indexOf(document.activeElement);
    const to = links[key === "j" ? at + 1 : Math.max(at - 1, 0)];
    if (to) to.focus(), event.preventDefault();
    return;
  }
  const wanted = [...document.querySelectorAll("[data-key]")].find(e => e.dataset.key === key);
  if (!wanted) return;
  event.preventDefault();
  if (wanted.matches("input, select, textarea")) wanted.focus();
  else wanted.click();
});
