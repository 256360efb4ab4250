// Suggestions for the query, as the ARIA pattern of a combobox has it, and pages of
// hits that follow one another as they are scrolled to.
const field = document.getElementById("q");
const list = document.getElementById("suggestions");

field.setAttribute("role", "combobox");
field.setAttribute("aria-autocomplete", "list");
field.setAttribute("aria-controls", "suggestions");
field.setAttribute("aria-expanded", "false");

let asking, offered = [], chosen = -1;

const bytes = text => new TextEncoder().encode(text).length;

async function ask() {
  asking?.abort();
  const mine = (asking = new AbortController());
  const at = bytes(field.value.slice(0, field.selectionStart));
  try {
    const answer = await fetch("/api/v1/suggest?" + new URLSearchParams({ q: field.value, at }), { signal: mine.signal });
    const found = answer.ok ? (await answer.json()).suggestions : [];
    if (mine === asking && document.activeElement === field) offer(found);
  } catch (error) {
    if (error.name !== "AbortError") close();
  }
}

function offer(found) {
  // What was chosen stays so if it is offered again.
  const kept = found.findIndex(one => one.text === offered[chosen]?.text);
  offered = found;
  list.replaceChildren(...found.map((one, i) => {
    const option = document.createElement("span");
    option.id = "suggestion-" + i;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    const text = document.createElement("b");
    text.textContent = one.text;
    const doc = document.createElement("span");
    doc.className = "about";
    doc.textContent = one.doc ?? (one.sentences ? one.sentences.toLocaleString("en") + (one.sentences === 1 ? " sentence" : " sentences") : "");
    option.append(text, " ", doc);
    option.addEventListener("pointerdown", event => {
      event.preventDefault(); // the focus stays
      take(i);
    });
    return option;
  }));
  list.hidden = !found.length;
  field.setAttribute("aria-expanded", String(!list.hidden));
  choose(kept);
}

function close() {
  asking?.abort();
  offer([]);
}

function choose(i) {
  const options = [...list.children];
  chosen = i;
  for (const [n, option] of options.entries()) option.setAttribute("aria-selected", String(n === i));
  if (i < 0) return field.removeAttribute("aria-activedescendant");
  field.setAttribute("aria-activedescendant", options[i].id);
  options[i].scrollIntoView({ block: "nearest" });
}

function take(i) {
  const { before, after } = offered[i];
  field.value = before + after;
  field.setSelectionRange(before.length, before.length);
  close();
  if (before.endsWith(":")) ask(); // its values
}

field.addEventListener("input", ask);
field.addEventListener("blur", close);
field.addEventListener("keydown", event => {
  if (event.key === "ArrowDown" && list.hidden) {
    ask();
  } else if (list.hidden) {
    return;
  } else if (event.key === "ArrowDown") {
    choose(chosen + 1 < offered.length ? chosen + 1 : 0);
  } else if (event.key === "ArrowUp") {
    choose(chosen > 0 ? chosen - 1 : offered.length - 1);
  } else if (event.key === "Enter" && chosen >= 0) {
    take(chosen);
  } else if (event.key === "Escape") {
    close();
  } else {
    return;
  }
  event.preventDefault();
});

// The next page of hits takes the place of the link to it once that is near.
const results = document.querySelector(".results");

async function more(link) {
  link.dataset.asked = "yes";
  try {
    const answer = await fetch(link.href, { headers: { "Radlabel-Part": "hits" } });
    if (!answer.ok) return; // the link stays, and tells
    const pages = link.closest(".pages");
    pages.insertAdjacentHTML("afterend", await answer.text()); // made by this server's templates, which escape
    pages.remove();
    watch();
  } catch {
    delete link.dataset.asked;
  }
}

const near = new IntersectionObserver(entries => {
  for (const e of entries) if (e.isIntersecting && !e.target.dataset.asked) more(e.target);
}, { rootMargin: "1500px" });

function watch() {
  near.disconnect();
  const link = results?.querySelector(".pages .next");
  if (link) near.observe(link);
}
watch();

document.getElementById("search").addEventListener("change", event => {
  if (event.target.matches("select")) event.currentTarget.requestSubmit();
});

// "/" goes to the query from anywhere.
document.addEventListener("keydown", event => {
  if (event.key !== "/" || event.target.closest?.("input, select, textarea")) return;
  event.preventDefault();
  field.focus();
  field.select();
});
