/** The views of the download page, each a heading, a few words and at most two buttons. */
import { DOWNLOAD_LIMITS } from "../../src/core/limits.ts";
import { button, element, show } from "./elements.ts";
import type { OfferedFile, Opened, Problem } from "./messages.ts";
import { PROBLEM_WORDS, sizeInWords } from "./words.ts";

/** The first view: what this is, the password if one is needed, and the button. `wrong` after a refused password. */
export function showDoor(options: {
  readonly needsPassword: boolean;
  readonly wrong: boolean;
  readonly streaming: boolean;
  readonly open: (password: string) => void;
}): void {
  const { needsPassword, wrong, streaming, open } = options;
  const password = element("input", { type: "password", id: "password", autocomplete: "off", required: true });
  const form = element(
    "form",
    {
      onsubmit: (event) => {
        event.preventDefault();
        open(needsPassword ? password.value : "");
      },
    },
    ...(wrong ? [wordsAboutWrongPassword(password)] : []),
    ...(needsPassword ? passwordField(password) : []),
    element("button", { type: "submit", className: "main", textContent: "Download" }),
  );
  const words = needsPassword
    ? "The sender protected it with a password. Type it here to get the file."
    : "Press the button to save it on this device.";
  show("A file for you", element("p", { textContent: words }), ...(streaming ? [] : [smallFilesOnly()]), form);
  if (wrong) password.focus();
}

function passwordField(password: HTMLInputElement): Node[] {
  const toggle = element("input", { type: "checkbox", id: "reveal" });
  toggle.addEventListener("change", () => {
    password.type = toggle.checked ? "text" : "password";
  });
  const reveal = element("label", { className: "reveal", htmlFor: "reveal" }, toggle, "Show what I type");
  return [element("label", { htmlFor: "password", textContent: "Password" }), password, reveal];
}

function wordsAboutWrongPassword(password: HTMLInputElement): Node {
  password.setAttribute("aria-invalid", "true");
  password.setAttribute("aria-describedby", "wrong");
  const text = PROBLEM_WORDS["wrong-password"].text;
  const words = element("p", { id: "wrong", className: "wrong", textContent: text });
  words.setAttribute("role", "alert");
  return words;
}

function smallFilesOnly(): Node {
  const size = sizeInWords(DOWNLOAD_LIMITS.collectedBytes);
  const textContent = `In this window your browser can save files of up to ${size}. For larger ones open the link in a normal window of Chrome, Edge or Firefox.`;
  return element("p", { className: "note", textContent });
}

/** While keys are made and the link is asked; stretching a password takes some seconds on purpose. */
export function showOpening(needsPassword: boolean): void {
  const words = needsPassword ? "Checking the password. This takes a few seconds." : "Asking for the file.";
  show("One moment", element("p", { className: "note", textContent: words }));
}

/** What is saved, under which name, as how many bytes. */
interface Saving {
  readonly name: string;
  readonly bytes: number;
}

/** The files of a folder: all at once, or one by one. */
export function showFolder(
  { name, bytes, note, files }: Opened,
  save: (pick: number | null, name: string, bytes: number) => void,
): void {
  const all = files ?? [];
  const there = all.filter((file) => !file.gone);
  const size = there.reduce((sum, file) => sum + file.bytes, 0);
  const rows = all.slice(0, DOWNLOAD_LIMITS.shownFiles).map((file, index) => {
    return fileRow(file, () => save(index, file.path.split("/").at(-1) ?? "", file.bytes));
  });
  const more = all.length - rows.length;
  show(
    "A folder for you",
    ...letter(note),
    fileLine(name, `${there.length === 1 ? "1 file" : `${there.length} files`}, ${sizeInWords(size)}`),
    button("Download all as a zip", () => save(null, `${name}.zip`, bytes), true),
    element("ul", {}, ...rows),
    ...(more > 0 ? [element("p", { className: "note", textContent: `And ${more} more, in the zip.` })] : []),
  );
}

function fileRow({ path, bytes, gone }: OfferedFile, save: () => void): Node {
  const size = gone ? "The sender has deleted it." : sizeInWords(bytes);
  const line = element("span", { dir: "auto" }, path, element("span", { className: "note", textContent: size }));
  if (gone) return element("li", {}, line);
  const get = button("Save", save);
  get.setAttribute("aria-label", `Save ${path}`);
  return element("li", {}, line, get);
}

/** The sender's words, as text and nothing else. */
function letter(note: string): Node[] {
  return note === "" ? [] : [element("blockquote", { textContent: note, dir: "auto" })];
}

/** A progress view; the returned function moves its bar. */
export function showSaving({ name, bytes }: Saving, words: string, stop: () => void): (done: number) => void {
  const bar = element("progress", { max: Math.max(bytes, 1), value: 0 });
  bar.setAttribute("aria-label", "How much of the file has arrived");
  const numbers = element("p", { className: "numbers" });
  const update = (done: number): void => {
    bar.value = done;
    const percent = bytes === 0 ? 100 : Math.floor((100 * done) / bytes);
    numbers.textContent = `${sizeInWords(done)} of ${sizeInWords(bytes)} – ${percent} %`;
  };
  update(0);
  const note = element("p", { className: "note", textContent: "Leave this page open until the file is complete." });
  const file = fileLine(name, sizeInWords(bytes));
  show("Saving your file", ...letter(words), file, bar, numbers, note, button("Stop", stop));
  return update;
}

/** `more` leads back to the other files of a folder. */
export function showSaved({ name, bytes }: Saving, note: string, more?: () => void): void {
  const words = "The file is complete, and nobody changed it on the way. You find it among your downloads.";
  const file = fileLine(name, sizeInWords(bytes));
  const back = more ? [button("Back to the folder", more)] : [];
  show("Your file is saved", ...letter(note), file, element("p", { textContent: words }), ...back);
}

/** Says what went wrong. `again` is called by the button, where trying again can help; `stop` adds a second button. */
export function showProblem(problem: Problem, again?: () => void, stop?: () => void): void {
  const words = PROBLEM_WORDS[problem];
  const actions = element("div", { className: "actions" });
  if (again && words.again !== undefined) actions.append(button(words.again, again, true));
  if (stop) actions.append(button("Stop", stop));
  show(words.title, element("p", { textContent: words.text }), actions);
}

export function showLooking(): void {
  show("One moment", element("p", { className: "note", textContent: "Looking for the file." }));
}

function fileLine(name: string, facts: string): Node {
  const note = element("span", { className: "note", textContent: facts });
  return element("p", { className: "file" }, element("strong", { textContent: name, dir: "auto" }), note);
}
