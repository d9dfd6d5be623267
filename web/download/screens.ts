/** The views of the download page, each a heading, a few words and at most two buttons. */
import { DOWNLOAD_LIMITS } from "../../src/core/limits.ts";
import { button, element, show } from "./elements.ts";
import type { Problem } from "./messages.ts";
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

/** A progress view; the returned function moves its bar. */
export function showSaving(name: string, bytes: number, stop: () => void): (done: number) => void {
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
  show("Saving your file", fileLine(name, bytes), bar, numbers, note, button("Stop", stop));
  return update;
}

export function showSaved(name: string, bytes: number): void {
  const words = "The file is complete, and nobody changed it on the way. You find it among your downloads.";
  show("Your file is saved", fileLine(name, bytes), element("p", { textContent: words }));
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

function fileLine(name: string, bytes: number): Node {
  const size = element("span", { className: "note", textContent: sizeInWords(bytes) });
  return element("p", { className: "file" }, element("strong", { textContent: name, dir: "auto" }), size);
}
