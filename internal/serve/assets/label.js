// Labels the report while it is typed: the form is sent a moment after the last
// key, and the answer, which has the report with its marks and the labels, takes
// the place of the one before. The marks lie under the text of the field.
const form = document.getElementById("label");
const field = document.getElementById("text");
const file = document.getElementById("file");
const result = document.getElementById("result");
const paper = field.parentElement;
const at = document.getElementById("at");
const said = document.getElementById("said");
const live = document.getElementById("live");

const pause = 120; // milliseconds between the last key and the question
let timer, asking;

for (const e of document.querySelectorAll(".scripted")) e.hidden = false;
document.getElementById("submit").hidden = true;

// The field is as high as its text, so that it and the marks never scroll apart.
function fit() {
  field.style.height = "auto";
  field.style.height = field.scrollHeight + 2 + "px";
}

function soon() {
  fit();
  clearTimeout(timer);
  timer = setTimeout(label, pause);
}

async function label() {
  clearTimeout(timer);
  asking?.abort();
  const asked = (asking = new AbortController());
  const data = new FormData(form);
  const text = field.value;
  if (!file.files.length) data.delete("file");
  try {
    const answer = await fetch("/label", { method: "POST", body: data, headers: { "Radlabel-Part": "result" }, signal: asked.signal });
    const content = await answer.text();
    if (asked !== asking) return;
    if (!answer.ok) throw new Error(JSON.parse(content).error);
    result.innerHTML = content; // made by this server's templates, which escape
    said.textContent = "";
    place(text);
    live.textContent = document.getElementById("counts").textContent;
  } catch (error) {
    if (error.name !== "AbortError") said.textContent = error.message || "The server does not answer.";
  }
}

// place puts the marks under the text.
function place(text) {
  paper.querySelector(".marks")?.remove();
  show();
  const marks = result.querySelector(".marks");
  if (!marks) {
    field.value = ""; // the answer is of a file
    return fit();
  }
  if (marks.dataset.text !== undefined) {
    field.value = text = marks.dataset.text;
    file.value = "";
    fit();
  }
  // The marks show some signs as others; what counts here is their width.
  let from = 0;
  for (const piece of marks.childNodes) {
    const to = from + piece.textContent.length;
    piece.textContent = text.slice(from, to);
    from = to;
  }
  marks.setAttribute("aria-hidden", "true");
  paper.prepend(marks);
  tell();
}

// The reason of the mention that the cursor is in, or the pointer is over.
const mentions = () => [...paper.querySelectorAll(".marks > [data-why]")];

function pieceAt(offset) {
  let from = 0;
  for (const piece of paper.querySelector(".marks")?.childNodes ?? []) {
    const to = from + piece.textContent.length;
    if (from <= offset && offset < to) return piece;
    from = to;
  }
}

function show(piece) {
  const why = piece?.dataset?.why ?? "";
  if (at.textContent !== why) at.textContent = why;
}

function tell() {
  if (document.activeElement === field) show(pieceAt(field.selectionStart));
}

document.addEventListener("selectionchange", tell);
field.addEventListener("pointermove", event => {
  const under = document.elementsFromPoint(event.clientX, event.clientY);
  const piece = under.find(e => e.dataset.why !== undefined && paper.contains(e));
  if (piece) show(piece);
});
field.addEventListener("pointerleave", tell);

// A label that is pointed at or has the keyboard's focus lights its mentions.
function light(event) {
  const item = event.target.closest?.(".labels > li");
  const name = item?.querySelector("button")?.dataset.observation;
  for (const m of mentions()) m.classList.toggle("lit", name !== undefined && m.dataset.of.split("|").includes(name));
}
for (const kind of ["pointerover", "focusin", "pointerout", "focusout"]) result.addEventListener(kind, event => light(kind.endsWith("out") ? { target: document.activeElement } : event));

// Escape puts a reason away until the label is left.
addEventListener("keydown", event => {
  if (event.key === "Escape") for (const item of result.querySelectorAll(".labels > li:is(:hover, :focus-within)")) item.classList.add("closed");
});
for (const kind of ["pointerout", "focusout"])
  result.addEventListener(kind, event => {
    const item = event.target.closest(".labels > li");
    if (item && !item.contains(event.relatedTarget)) item.classList.remove("closed");
  });

// A report of a file is opened by the button of its id.
result.addEventListener("click", event => {
  const button = event.target.closest("button[form=open]");
  if (!button) return;
  event.preventDefault();
  file.value = "";
  field.value = button.value;
  fit();
  field.focus();
  label();
});

field.addEventListener("input", () => {
  file.value = "";
  soon();
});
form.addEventListener("change", event => {
  if (event.target !== field) label();
});

// A file that is dropped is one that was chosen.
form.addEventListener("dragover", event => {
  event.preventDefault();
  form.classList.add("dragged");
});
form.addEventListener("dragleave", () => form.classList.remove("dragged"));
form.addEventListener("drop", event => {
  event.preventDefault();
  form.classList.remove("dragged");
  const dropped = event.dataTransfer;
  if (dropped.files.length) {
    file.files = dropped.files;
    label();
  } else if (dropped.getData("text")) {
    field.value = dropped.getData("text");
    label();
  }
});

for (const button of document.querySelectorAll("[data-copy]"))
  button.addEventListener("click", async () => {
    try {
      const answer = await fetch("/label/" + button.dataset.copy, { method: "POST", body: new FormData(form) });
      if (!answer.ok) throw new Error(JSON.parse(await answer.text()).error);
      await navigator.clipboard.writeText(await answer.text());
      said.textContent = button.textContent + ": done";
    } catch (error) {
      said.textContent = error.message;
    }
  });

fit();
if (result.querySelector(".marks")) place(field.value);
else if (field.value) label();
