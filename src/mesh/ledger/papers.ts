/**
 * What a node may show of itself beside its ledger: files, 0600, as `nocturne verify` reads them.
 *
 *   <folder>/papers/witnessed-head-<time>      the newest head that others cosigned
 *                  /ledger-checkpoint-<time>   the newest MESH_LIMITS.checkpoints
 */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { readFileIfPresent, writeFileDurably } from "../../vault/durable-file.ts";
import { fromPortable, toPortable } from "./portable.ts";

export type PaperKind = "witnessed-head" | "ledger-checkpoint";

export interface Paper {
  readonly madeAtMs: number;
  readonly body: Uint8Array;
}

const KEPT: Readonly<Record<PaperKind, number>> = { "witnessed-head": 1, "ledger-checkpoint": MESH_LIMITS.checkpoints };
const FOLDER = "papers";
/** Names sort by time. */
const TIME_DIGITS = 16;

export class Papers {
  readonly #folder: string;
  /** The newest, so that it is not read for everybody who asks. */
  readonly #newest = new Map<PaperKind, Paper>();

  /** `folder`: of the ledger. */
  constructor(folder: string) {
    this.#folder = join(folder, FOLDER);
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    for (const kind of Object.keys(KEPT) as PaperKind[]) this.#load(kind);
  }

  newest(kind: PaperKind): Paper | null {
    return this.#newest.get(kind) ?? null;
  }

  /** On the disk when this returns; the oldest beyond those that are kept goes. */
  keep(kind: PaperKind, { madeAtMs, body }: Paper): void {
    // A clock that went back must not make the newest one look like the oldest.
    const atMs = Math.max(madeAtMs, (this.newest(kind)?.madeAtMs ?? 0) + 1);
    const name = `${kind}-${String(atMs).padStart(TIME_DIGITS, "0")}`;
    writeFileDurably(join(this.#folder, name), toPortable(kind, body));
    this.#newest.set(kind, { madeAtMs: atMs, body });
    for (const old of this.names(kind).slice(0, -KEPT[kind])) rmSync(join(this.#folder, old));
  }

  /** Of the files of this kind, the newest last. */
  names(kind: PaperKind): string[] {
    return readdirSync(this.#folder)
      .filter((name) => new RegExp(`^${kind}-[0-9]{${TIME_DIGITS}}$`).test(name))
      .sort();
  }

  /** As it is on the disk, its first line included. */
  file(name: string): Uint8Array | null {
    return readFileIfPresent(join(this.#folder, name));
  }

  /** A damaged file is as good as none: the next one takes its place. */
  #load(kind: PaperKind): void {
    const name = this.names(kind).at(-1);
    const file = name === undefined ? null : this.file(name);
    const body = file && fromPortable(file)?.body;
    if (name !== undefined && body) this.#newest.set(kind, { madeAtMs: Number(name.slice(-TIME_DIGITS)), body });
  }
}
