// Filters the errors by the fragment of the page's address, which the filters
// and the links write. Without this script all errors are shown.
(() => {
  "use strict";
  const form = document.getElementById("filters");
  const shown = document.getElementById("shown");
  const clear = document.getElementById("clear");
  const list = document.getElementById("list");

  // The contents scroll without changing the fragment, which holds the filters.
  document.querySelector("nav").addEventListener("click", event => {
    const link = event.target.closest("a");
    if (!link) return;
    event.preventDefault();
    document.querySelector(link.hash).scrollIntoView();
  });
  if (!form) return;

  const fields = [...form.elements].filter(field => field.name);
  const errors = [...document.querySelectorAll("#list > li")].map(item => ({
    item,
    names: field => item.dataset[field].split("\n"),
    text: undefined, // made when it is first searched for
  }));
  const textOf = error =>
    error.text ??= error.item.textContent.replace(/\s+/g, " ").toLowerCase();

  const tests = {
    text: words => {
      const wanted = words.trim().replace(/\s+/g, " ").toLowerCase();
      return error => textOf(error).includes(wanted);
    },
  };
  const test = (name, value) =>
    tests[name]?.(value) ?? (error => error.names(name).includes(value));

  // A page that lacks errors knows how many there are of what its links count.
  const lacking = form.dataset.all;
  const normal = fragment => new URLSearchParams(fragment.slice(1)).toString();
  const totals = new Map([["", Number(lacking)]]);
  if (lacking)
    for (const link of document.querySelectorAll('main a[href*="="]'))
      totals.set(normal(link.hash), Number(link.textContent.replaceAll(",", "")));

  const number = n => n.toLocaleString("en");
  function counted(n, choice) {
    const held = number(errors.length);
    if (!lacking) return choice ? `${number(n)} of ${held} errors` : `${held} errors`;
    const all = totals.get(choice);
    if (all === undefined) return `${number(n)} of the ${held} errors that the page holds`;
    if (!choice) return `${number(n)} of ${number(all)} errors`;
    if (n === all) return `${number(n)} errors, all of this kind`;
    return `${number(n)} of ${number(all)} errors of this kind; the page holds no more of them`;
  }

  const printed = 300; // errors on paper

  function show() {
    const wanted = new URLSearchParams(location.hash.slice(1));
    const active = [];
    for (const field of fields) {
      const value = wanted.get(field.name) ?? "";
      if (field.value !== value) {
        field.value = value;
        // A link may ask for what no error has.
        if (field.value !== value) field.add(new Option(value)), (field.value = value);
      }
      if (value) active.push(test(field.name, value));
    }
    let n = 0;
    // Off the page while it changes: each item that goes alone makes the browser
    // look at all the others. Asking for the height makes it take the list off.
    const y = scrollY;
    list.hidden = true;
    void list.offsetHeight;
    for (const error of errors) {
      const keep = active.every(test => test(error));
      if (error.item.hidden === keep) error.item.hidden = !keep;
      n += keep;
      // A selector that counts would make the browser count anew for each.
      const beyond = keep && n > printed;
      if (error.item.classList.contains("beyond") !== beyond) error.item.classList.toggle("beyond", beyond);
    }
    list.hidden = false;
    scrollTo(scrollX, y);
    document.getElementById("errors").classList.toggle("cut", n > printed);
    shown.textContent = counted(n, active.length ? choice() : "");
    clear.hidden = !active.length;
    return active.length > 0;
  }

  function choice() {
    const wanted = new URLSearchParams();
    for (const field of fields) if (field.value) wanted.set(field.name, field.value);
    return wanted.toString();
  }
  const fragment = () => "#" + (choice() || "all"); // "#" alone would scroll to the top

  // Choices are steps of the history; letters typed are not.
  form.addEventListener("change", event => {
    if (event.target.name !== "text") location.hash = fragment();
  });
  form.addEventListener("input", event => {
    if (event.target.name === "text") location.replace(fragment());
  });
  form.addEventListener("submit", event => event.preventDefault());
  addEventListener("hashchange", show);

  const section = document.getElementById("errors");
  document.querySelector("main").addEventListener("click", event => {
    const link = event.target.closest('a[href^="#"]');
    if (!link || link === clear) return;
    setTimeout(() => {
      section.scrollIntoView();
      shown.focus({ preventScroll: true });
    });
  });

  form.hidden = false;
  if (show()) section.scrollIntoView();
})();
