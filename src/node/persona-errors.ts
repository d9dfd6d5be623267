/** What a persona is refused, each time because it would link it to its owner. */
import { PolicyError, ValidationError } from "../core/errors.ts";
import { PERSONA_LIMITS } from "../core/limits.ts";

/** An attachment would be served from this machine's address, which the root's contacts know. */
export function noFiles(): PolicyError {
  return new PolicyError(
    "persona_no_files",
    "A persona can neither send nor fetch files: the address of this machine would link it to you.",
    { hint: "Send text only, or act as yourself." },
  );
}

export function notAsPersona(): PolicyError {
  return new PolicyError("persona_not_here", "This cannot be done as a persona.", {
    hint: "Personas have contacts, messages and groups; do everything else as yourself.",
  });
}

export function needsRelay(): PolicyError {
  return new PolicyError(
    "persona_needs_relay",
    "A persona needs a relay of its own: at one of yours, both would be seen from one address.",
    { hint: "Name one that you use for nothing else: --relay wss://..." },
  );
}

export function sharedRelay(): PolicyError {
  return new PolicyError(
    "persona_relay_shared",
    "Another of your identities uses this relay, which would then see both from one address.",
    { hint: "Give each identity relays of its own." },
  );
}

export function badLabel(): ValidationError {
  return new ValidationError("bad_label", `A label has 1 to ${PERSONA_LIMITS.labelBytes} bytes.`, {
    hint: "Choose a short word for what this persona is for; only you see it.",
  });
}

export function labelTaken(): ValidationError {
  return new ValidationError("label_taken", "Another persona has this label.", { hint: "Choose another." });
}

export function tooManyRelays(): ValidationError {
  return new ValidationError("too_many_relays", `A persona uses ${PERSONA_LIMITS.relays} relays at most.`, {
    hint: "Name fewer.",
  });
}
