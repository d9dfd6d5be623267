/** Copying, with words for the browsers and addresses where it is not allowed. */
import { notify } from "../stores/toasts.ts";

/** Copies and says so; `what` begins a sentence, for example "Invite link". */
export async function copyText(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    notify(`${what} copied`);
  } catch {
    notify("The browser did not allow copying.", "Select the text and copy it by hand.");
  }
}
