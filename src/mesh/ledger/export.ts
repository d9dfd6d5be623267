/**
 * What a node signed and was told about its ledger, as files that anybody checks with `nocturne verify`, without asking anybody.
 *
 *   ledger             all entries, under a head of now        receipt-<number>, voucher-<number>     the newest that stand there whole
 *   witnessed-head-*   ledger-checkpoint-*                     fork-proof-<signer>                    against others
 *
 * It only reads: a head of what is on this disk is true of every longer history, so it may be signed beside a running node, and
 * also by one that was put back.
 */
import { mkdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { toNocturneError, UsageError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { SignatureKeyPair } from "../../crypto/signing.ts";
import { HASH_BYTES } from "../../crypto/merkle-tree.ts";
import { writeBundle } from "./bundle.ts";
import { readEntry } from "./entry.ts";
import { accusedBy } from "./fork-proof.ts";
import { HeadBook } from "./head-book.ts";
import { LEDGER_NAME, LedgerLog } from "./log.ts";
import { type PaperKind, Papers } from "./papers.ts";
import { portableLine, toPortable } from "./portable.ts";

const PAPERS: readonly PaperKind[] = ["witnessed-head", "ledger-checkpoint"];

/**
 * `folder`: of the machine's part in the mesh; `to` is made where it is missing, and files of the same names are replaced. Returns their names. Throws
 * UsageError `nothing_signed`, CodecError `ledger_corrupt`, InternalError `disk_full` among others.
 */
export async function exportLedger(folder: string, by: SignatureKeyPair, to: string): Promise<string[]> {
  const place = join(folder, LEDGER_NAME);
  const log = new LedgerLog({ folder: place, by });
  const names: string[] = [];
  const put = async (name: string, content: Uint8Array | Iterable<Uint8Array>): Promise<void> => {
    await writeFile(join(to, name), content);
    names.push(name);
  };
  try {
    if (log.size === 0) throw nothingSigned();
    mkdirSync(to, { recursive: true });
    await put("ledger", bundleFile(log));
    for (const { name, content } of statements(log)) await put(name, content);
    const papers = new Papers(place);
    for (const name of PAPERS.flatMap((kind) => papers.names(kind)))
      await put(name, papers.file(name) ?? new Uint8Array(0));
    for (const proof of forkProofs(place)) await put(`fork-proof-${accusedBy(proof)}`, toPortable("fork-proof", proof));
    return names;
  } catch (error) {
    throw toNocturneError(error);
  } finally {
    log.close();
  }
}

function* bundleFile(log: LedgerLog): Generator<Uint8Array> {
  yield portableLine("ledger-bundle");
  yield* writeBundle(log, 1, log.size);
}

/** Longer ones stand there as hashes: whoever they were given to has them. */
function statements(log: LedgerLog): { readonly name: string; readonly content: Uint8Array }[] {
  const found: { readonly name: string; readonly content: Uint8Array }[] = [];
  for (const bytes of log.entries(1, log.size)) {
    const entry = readEntry(bytes, log.signer);
    if (!entry || entry.body.length === HASH_BYTES) continue;
    const { kind, sequence, body } = entry;
    if (kind !== "receipt" && kind !== "voucher") continue;
    found.push({ name: `${kind}-${sequence}`, content: toPortable(kind, body) });
    if (found.length > MESH_LIMITS.exportedStatements) found.shift();
  }
  return found;
}

function forkProofs(folder: string): Uint8Array[] {
  const book = new HeadBook({ folder, knows: () => false });
  try {
    return book.forks(MESH_LIMITS.forkProofs);
  } finally {
    book.close();
  }
}

function nothingSigned(): UsageError {
  return new UsageError("nothing_signed", "This node has signed nothing yet.", {
    hint: "Start it with: nocturne-node connect",
  });
}
