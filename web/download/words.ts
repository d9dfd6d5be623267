/** The words of the download page, for people who have never heard of encryption. */
import type { Problem } from "./messages.ts";

/** What happened, why, and what to do next; `again` is the label of the button that tries again, if that can help. */
export interface Words {
  readonly title: string;
  readonly text: string;
  readonly again?: string;
}

export const PROBLEM_WORDS: Readonly<Record<Problem, Words>> = {
  "incomplete-link": {
    title: "This link is not complete",
    text: "Its last part, behind the # sign, is missing or cut, and only that part opens the file. Open the whole link again where you got it.",
  },
  "wrong-link": {
    title: "This link does not fit the file",
    text: "A letter behind the # sign is wrong. Copy the whole link again, or ask the sender for it. Nothing was used up.",
  },
  "for-recipients": {
    title: "This file was sent to particular people",
    text: "Only their Nocturne opens it, not a browser. If you are one of them, open it in Nocturne, in the conversation that it came in.",
  },
  unknown: {
    title: "This link does not exist",
    text: "A letter of it is wrong, or it ended long ago. Copy the whole link again, or ask the sender for a new one.",
  },
  ended: {
    title: "The sender has ended this link",
    text: "It gives nothing any more. Ask the sender for a new link if you still need the file.",
  },
  expired: {
    title: "This link has expired",
    text: "The sender chose how long it works, and that time is over. Ask the sender for a new link.",
  },
  used: {
    title: "This link was already used",
    text: "The sender chose how often it works, and it has been opened that often. If that was not you, tell the sender: someone else may have the file.",
  },
  "wrong-password": {
    title: "A file for you",
    text: "That password is not right. Check it and try again; nothing was used up.",
  },
  "too-many-tries": {
    title: "Too many wrong tries",
    text: "To protect the file, the link now refuses every password for a while. Wait ten minutes, then try again.",
    again: "Try again",
  },
  busy: {
    title: "Too many downloads at once",
    text: "Many people are getting this file at this moment. Try again in a few minutes. Nothing was used up.",
    again: "Try again",
  },
  unreachable: {
    title: "The file cannot be reached",
    text: "The computer that keeps it does not answer. It may be switched off, or you may be offline. Try again in a while.",
    again: "Try again",
  },
  "claim-lost": {
    title: "No answer came",
    text: "The computer that keeps the file did not answer, or its answer was lost on the way. Try again in a while. If the link then says that it was already used, it may have been this try that used it: ask the sender for a new one.",
    again: "Try again",
  },
  damaged: {
    title: "The file is damaged",
    text: "Its seal is broken: it was cut or changed on the way. The download was stopped so that you do not open it. Delete what was saved, and ask the sender to share the file again.",
  },
  gone: {
    title: "A file was taken back",
    text: "While you were saving, the sender deleted a file of this folder. Start again to get all the others.",
    again: "Start again",
  },
  interrupted: {
    title: "The connection broke",
    text: "What has arrived so far is kept. Go on as soon as you are online again, and leave this page open until then.",
    again: "Go on",
  },
  "lease-over": {
    title: "The download took too long",
    text: "The time for this download is over. Start again; if the link allows it, the file comes from the beginning.",
    again: "Start again",
  },
  stopped: {
    title: "The download was stopped",
    text: "The file is not complete on your device. You can start again from the beginning.",
    again: "Start again",
  },
  "too-big": {
    title: "This browser cannot save the file",
    text: "The file is too big for it. Open the same link in Chrome, Edge or Firefox, in a normal window and not in a private one. Nothing is lost.",
    again: "Try again",
  },
};

/** A size as people read it: "532 bytes", "1.4 MB". Powers of 1,000, as file managers show them. */
export function sizeInWords(bytes: number): string {
  const units = ["kB", "MB", "GB", "TB"];
  if (bytes < 1_000) return `${bytes} ${bytes === 1 ? "byte" : "bytes"}`;
  let value = bytes / 1_000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000;
    unit++;
  }
  return `${value < 99.95 ? value.toFixed(1) : value.toFixed(0)} ${units[unit] as string}`;
}
