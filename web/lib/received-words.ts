/** What is said of a file that somebody sent, while it is there, on its way, or not to be had. */
import type { ReceivedFile } from "../../src/api/contract.ts";
import { formatBytes, formatClock } from "./format.ts";
import { isThisMachine } from "./text-links.ts";

/** Said before the click, because the click is what tells the other machine. */
export function sourceWords(url: string): string {
  if (isThisMachine(url)) return "Comes only if the sender uses this machine, too";
  return `Comes from ${URL.parse(url)?.host ?? "the sender"}, which sees your address then`;
}

/** One line. */
export function receivedWords(received: ReceivedFile): string {
  const { state, done, bytes, retryAt, savedAs, error } = received;
  const soFar = `${formatBytes(done)} of ${formatBytes(bytes)}`;
  const next = retryAt === null ? "" : ` It is asked again by itself at ${formatClock(retryAt)}.`;
  const words: Record<ReceivedFile["state"], string> = {
    fetching: done === 0 ? "Asking the sender’s machine…" : soFar,
    waiting: `The sender’s machine does not answer.${done > 0 ? ` ${soFar} are here.` : ""}${next}`,
    saved: `In your files: ${savedAs?.path ?? ""}`,
    failed: [error?.message ?? "It could not be fetched.", error?.hint].filter(Boolean).join(" "),
    cancelled: "Stopped.",
  };
  return words[state];
}

/** Whole numbers from 0 to 100. */
export function percentOf({ done, bytes }: Pick<ReceivedFile, "done" | "bytes">): number {
  return bytes === 0 ? 0 : Math.floor((100 * done) / bytes);
}
