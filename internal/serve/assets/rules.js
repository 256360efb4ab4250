// Leaves of the rules those with a text.
for (const e of document.querySelectorAll(".scripted")) e.hidden = false;
const find = document.getElementById("find");
const rows = [...document.querySelectorAll("#rules tbody tr")];
find.addEventListener("input", () => {
  const wanted = find.value.trim().toLowerCase();
  for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
});
find.form.addEventListener("submit", event => {
  if (document.activeElement === find) event.preventDefault();
});
