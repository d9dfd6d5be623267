/**
 * Digests that were looked at, by their names, to be compared with later ones: each session of an assistant is a process of its own.
 *
 *   <data-dir>/agent/snapshots/<sha256>.json     an AwarenessView; the newest `MCP_LIMITS.snapshots` stay
 */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AwarenessView } from "../api/agent-contract.ts";
import { MCP_LIMITS } from "../core/agent-limits.ts";
import { awarenessAnswer } from "./agent-answers.ts";

const NAME = /^[0-9a-f]{64}\.json$/;

export class Snapshots {
  readonly #folder: string;

  constructor(dataDir: string) {
    this.#folder = join(dataDir, "agent", "snapshots");
  }

  async keep(view: AwarenessView): Promise<void> {
    const text = JSON.stringify(view);
    if (text.length > MCP_LIMITS.snapshotBytes) return;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const path = this.#path(view.sha256);
    // Several calls and programs keep them at once: none reads half a file of another.
    const draft = `${path}.${randomUUID()}`;
    await writeFile(draft, text, { mode: 0o600 });
    await rename(draft, path);
    await this.#forgetOldest();
  }

  /** Null for one that was never looked at here, is forgotten, or damaged. `sha256`: 64 hex digits. */
  async find(sha256: string): Promise<AwarenessView | null> {
    try {
      const { success, data } = awarenessAnswer.safeParse(JSON.parse(await readFile(this.#path(sha256), "utf8")));
      return success && data.sha256 === sha256 ? data : null;
    } catch {
      return null;
    }
  }

  async #forgetOldest(): Promise<void> {
    const names = (await readdir(this.#folder)).filter((name) => NAME.test(name));
    if (names.length <= MCP_LIMITS.snapshots) return;
    const aged = await Promise.all(names.map(async (name) => ({ name, keptMs: await this.#keptMs(name) })));
    aged.sort((a, b) => b.keptMs - a.keptMs);
    for (const { name } of aged.slice(MCP_LIMITS.snapshots)) await rm(join(this.#folder, name), { force: true });
  }

  /** 0 for one that another program has just removed. */
  async #keptMs(name: string): Promise<number> {
    const found = await stat(join(this.#folder, name)).catch(() => null);
    return found?.mtimeMs ?? 0;
  }

  #path(sha256: string): string {
    return join(this.#folder, `${sha256}.json`);
  }
}
