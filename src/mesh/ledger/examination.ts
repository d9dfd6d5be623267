/**
 * Reads a ledger's file from its first entry to its last, without changing it: every signature, every link, and whether
 * the subtrees beside them are those of these entries.
 */
import { DatabaseSync } from "node:sqlite";
import { equalBytes } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { EntryChain } from "./entry-chain.ts";
import { treeRoot } from "./hash-tree.ts";
import { nodesOf } from "./log.ts";

/** `problem` is one sentence; `size` counts the entries before it. */
export interface LogExamination {
  readonly size: number;
  readonly problem: string | null;
}

/** `signer`: Ed25519 public key, 32 bytes. Never throws. */
export function examineLog(path: string, signer: Uint8Array): LogExamination {
  try {
    const db = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
    try {
      return examine(db, signer);
    } finally {
      db.close();
    }
  } catch {
    return { size: 0, problem: "The file is damaged, or something else." };
  }
}

function examine(db: DatabaseSync, signer: Uint8Array): LogExamination {
  const chain = new EntryChain(signer);
  const page = db.prepare("SELECT bytes FROM entries WHERE sequence > ? ORDER BY sequence LIMIT ?");
  for (;;) {
    const rows = page.all(chain.size, MESH_LIMITS.ledgerPage);
    if (rows.length === 0) break;
    if (rows.some((row) => !chain.next(row["bytes"] as Uint8Array)))
      return { size: chain.size, problem: broken(chain.size + 1) };
  }
  const isTree = equalBytes(chain.root(), treeRoot(nodesOf(db), chain.size));
  return { size: chain.size, problem: isTree ? null : "The tree beside the entries is not theirs." };
}

function broken(sequence: number): string {
  return `Entry ${sequence} is missing, altered, or does not follow the one before.`;
}
