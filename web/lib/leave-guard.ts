/**
 * Asks before a tab is closed that would take something with it. A download is a navigation that never
 * leaves the page, and the browser cannot tell beforehand: it is announced here, so that nobody is asked.
 */

const DOWNLOAD_MS = 3_000;

let downloadUntilMs = 0;

/** Call just before a download is asked for. */
export function announceDownload(): void {
  downloadUntilMs = Date.now() + DOWNLOAD_MS;
}

/** Call once at start; `wouldLose` tells whether closing the tab loses something. */
export function guardLeaving(wouldLose: () => boolean): void {
  addEventListener("beforeunload", (event) => {
    if (wouldLose() && Date.now() > downloadUntilMs) event.preventDefault();
  });
}
