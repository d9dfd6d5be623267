/**
 * Newer and older versions of what one record says, of which the owner and several carers may each publish some.
 *
 *   seen 7   record 6   refused: whoever keeps old records shows places that are long gone
 *            record 7   the same, or by another carer at the same time: merge
 *            record 8   newer
 *   put      one above the newest that was seen, so that nodes take it
 */
import { ValidationError } from "../../core/errors.ts";
import type { MeshRecord } from "../records/record.ts";

/** `seen`: the highest sequence of this record that was ever seen or put, 0 if none. Throws ValidationError `mesh_rollback` for a lower one. */
export function refuseRollback(seen: number, { sequence }: Pick<MeshRecord, "sequence">): void {
  if (sequence >= seen) return;
  throw new ValidationError("mesh_rollback", "The mesh showed an older version of this than it had shown before.", {
    hint: "Try again later: other nodes may have the newer one.",
  });
}

/**
 * Sequence and time of the next version. The time is a little ahead of the clock where somebody took the highest sequence
 * that readers allow (`readRecord`), and within what they allow for clocks that differ.
 */
export function nextVersion(seen: number, nowMs: number): Pick<MeshRecord, "sequence" | "madeAtMs"> {
  const sequence = seen + 1;
  return { sequence, madeAtMs: Math.max(nowMs, sequence) };
}
