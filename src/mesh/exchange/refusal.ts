/**
 * Why a node does not do what it was asked for: on the node an error that becomes a REFUSED frame, on the client that
 * frame as the error that `FragmentPeer` promises.
 */
import { NetworkError, NocturneError, PolicyError, ValidationError } from "../../core/errors.ts";
import type { Reason, Refused } from "./answers.ts";

export class Refusal extends NocturneError implements Refused {
  readonly reason: Reason;
  readonly leftBytes: number;

  constructor(reason: Reason, leftBytes = 0) {
    super("node_refused", `Refused: ${reason}.`);
    this.reason = reason;
    this.leftBytes = leftBytes;
  }
}

/** What to tell a client of an error while its request was done; `failed` for whatever is not its matter. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const code = error instanceof NocturneError ? error.code : "";
  return new Refusal(code === "node_full" || code === "wrong_fragment" || code === "no_care" ? code : "failed");
}

/** What a refusal is for the one who asked. */
export function errorOf({ reason, leftBytes }: Refused): NocturneError {
  const make = ERRORS[reason];
  return make ? make(leftBytes) : new ValidationError("node_refused", `The node refused: ${SAID[reason] ?? reason}.`);
}

const ERRORS: Partial<Record<Reason, (leftBytes: number) => NocturneError>> = {
  node_full: () => new PolicyError("node_full", "The node has no room left.", { hint: "Choose another node." }),
  owner_full: (left) =>
    new PolicyError("owner_full", `The node takes no more from us than ${left} bytes now.`, {
      hint: "Choose another node, or ask its operator for a voucher.",
    }),
  fragment_missing: () => new ValidationError("fragment_missing", "The node has no such fragment."),
  no_care: () => new PolicyError("no_care", "The node takes care of nobody's files.", { hint: "Choose another node." }),
  failed: () => new NetworkError("node_failed", "The node could not do it.", { hint: "Try again, or choose another." }),
};

const SAID: Partial<Record<Reason, string>> = {
  not_allowed: "this needs the owner's key, or a care certificate that has not ended",
  wrong_fragment: "what came is not what the fragment's name says",
  bad_request: "it does not understand the request",
  given_up: "the fragment was not sent whole",
  bad_proof: "it does not believe who we are; a care certificate may have ended",
};
