/** What a command's exit code tells a script. */

import { LockedError, NocturneError, NoNodeError, PolicyError, UsageError } from "../core/errors.ts";

/** `interrupted` is what shells use for Ctrl-C: 128 + SIGINT. */
export const EXIT = { ok: 0, failed: 1, usage: 2, noNode: 3, locked: 4, refused: 5, interrupted: 130 } as const;

/** Ctrl-C or SIGTERM came while a command had something to tidy up. */
export class InterruptedError extends NocturneError {
  constructor(message: string = "Interrupted; nothing half-done was left behind.") {
    super("interrupted", message);
  }
}

export function exitCodeOf(error: NocturneError): number {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof NoNodeError) return EXIT.noNode;
  if (error instanceof LockedError) return EXIT.locked;
  if (error instanceof PolicyError) return EXIT.refused;
  if (error instanceof InterruptedError) return EXIT.interrupted;
  return EXIT.failed;
}
