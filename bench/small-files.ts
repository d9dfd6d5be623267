/** Many small files through the real library: sealed, synced, named, committed to the vault; so many puts at a time. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../src/core/clock.ts";
import { createLogger } from "../src/core/log.ts";
import { randomBytes } from "../src/core/random.ts";
import { BlobStore } from "../src/files/blob-store.ts";
import { FileLibrary } from "../src/files/library.ts";
import { LinkStore } from "../src/files/link-store.ts";
import { openVault } from "../src/vault/vault.ts";
import { type BenchOptions, type Row, row } from "./report.ts";

const FILE_BYTES = 4_096;
const AT_ONCE = 32;
const GOAL_PER_S = 1_000;

/** Files a second of one library that begins empty. */
async function putMany(count: number, atOnce: number): Promise<number> {
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-bench-"));
  const [log, clock] = [createLogger("silent"), systemClock];
  const vault = await openVault({ dataDir, clock, log });
  const linkStore = new LinkStore(join(dataDir, "links.db"));
  try {
    const blobs = new BlobStore(join(dataDir, "blobs"));
    const library = new FileLibrary({ vault, blobs, linkStore, clock, log });
    let next = 0;
    const putSome = async (): Promise<void> => {
      for (let i = next++; i < count; i = next++) {
        await library.put(once(randomBytes(FILE_BYTES)), { name: `file ${i}`, cipher: "aes-256-gcm" });
      }
    };
    const startedMs = performance.now();
    await Promise.all(Array.from({ length: atOnce }, putSome));
    return count / ((performance.now() - startedMs) / 1_000);
  } finally {
    linkStore.close();
    vault.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function* once(piece: Uint8Array): AsyncGenerator<Uint8Array> {
  yield piece;
}

/** Rows of `bench files`. */
export async function smallFileRows({ quick }: BenchOptions): Promise<Row[]> {
  const count = quick ? 1_000 : 10_000;
  const base = { unit: "files/s", peer: null };
  const [many, single] = [await putMany(count, AT_ONCE), await putMany(count / 10, 1)];
  return [
    row({ ...base, metric: `put files of 4 KB, ${AT_ONCE} at a time`, ours: many, theirs: GOAL_PER_S, goal: 1 }),
    row({ ...base, metric: "put files of 4 KB, one after the other", ours: single, theirs: null }),
  ];
}
