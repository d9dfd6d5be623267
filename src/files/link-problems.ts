/** Why a link gives nothing: the same words on the node that serves it and on the one that fetches from it. */
import { ValidationError } from "../core/errors.ts";

/** Code -> what happened, and what to do. */
const PROBLEMS = {
  unknown_link: ["There is no such link.", "Copy the whole link again, or ask for a new one."],
  link_ended: ["Its owner has ended this link.", "Ask for a new link."],
  link_used: ["This link was used as often as its owner allowed.", "Ask for a new link."],
  link_expired: ["This link has expired.", "Ask for a new link."],
  link_wrong_proof: [
    "The password is wrong, or the link is incomplete.",
    "Check the password, or copy the whole link again.",
  ],
  too_many_attempts: ["Too many wrong passwords were tried on this link.", "Wait ten minutes and try again."],
  too_many_downloads: ["Too many people are downloading this file now.", "Try again later."],
  too_many_requests: ["This link, or its visitors, are asked for too often now.", "Wait a minute and try again."],
  lease_ended: ["This download is complete or took too long.", "Open the link again, or ask for a new one."],
  file_gone: ["The owner has deleted this file of the folder.", "Fetch the others; ask the owner about this one."],
  bad_range: ["This part of the file does not exist.", "Resume where the download broke off."],
} as const;

export type LinkProblemCode = keyof typeof PROBLEMS;

export function linkProblem(code: LinkProblemCode): ValidationError {
  const [message, hint] = PROBLEMS[code];
  return new ValidationError(code, message, { hint });
}

/** The problem of this code; null for a code that is none of these. */
export function linkProblemOf(code: unknown): ValidationError | null {
  return typeof code === "string" && Object.hasOwn(PROBLEMS, code) ? linkProblem(code as LinkProblemCode) : null;
}
