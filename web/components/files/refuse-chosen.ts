/** Says why what was chosen or dropped is not added. */
import { MOST_CHOSEN } from "../../lib/chosen-files.ts";
import { notify } from "../../stores/toasts.ts";

const MOST = MOST_CHOSEN.toLocaleString("en-US");

export function refuseChosen(error: unknown): void {
  if (error instanceof RangeError)
    notify("That is more than can be added at once.", `Add at most ${MOST} files and folders at a time.`);
  else notify("The browser could not read what was dropped.", "Choose it by the button instead.");
}
