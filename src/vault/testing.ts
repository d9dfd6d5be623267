/**
 * Vaults in folders of their own, for tests: `using box = new TestBox()` removes them at the end.
 *
 * While a box lives, passphrases are stretched at the lowest cost a header may ask for, or these tests would take
 * a minute. `new TestBox({ realCost: true })` stretches as in earnest.
 */

import crypto from "node:crypto";
import { execFileSync } from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ARGON2_LIMITS } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import { openVault, type Vault, type VaultOptions } from "./vault.ts";

export const PASSPHRASE = "six words that nobody would guess";
export const START_MS = 1_760_000_000_000;

/** A log that remembers its lines, because what is logged may be tested. */
export class TestLog implements Logger {
  readonly lines: string[] = [];
  debug(fields: Record<string, unknown>, message: string): void {
    this.lines.push(JSON.stringify(fields) + message);
  }
  info(fields: Record<string, unknown>, message: string): void {
    this.debug(fields, message);
  }
  warn(fields: Record<string, unknown>, message: string): void {
    this.debug(fields, message);
  }
  error(fields: Record<string, unknown>, message: string): void {
    this.debug(fields, message);
  }
  child(): Logger {
    return this;
  }
}

const realArgon2 = crypto.argon2;
let cheapBoxes = 0;

const cheapArgon2: typeof realArgon2 = (algorithm, parameters, callback) =>
  realArgon2(algorithm, { ...parameters, memory: ARGON2_LIMITS.minMemoryKiB, passes: 1 }, callback);

function countCheapBoxes(change: 1 | -1): void {
  cheapBoxes += change;
  crypto.argon2 = cheapBoxes > 0 ? cheapArgon2 : realArgon2;
  syncBuiltinESMExports();
}

export class TestBox {
  readonly folder: string = mkdtempSync(join(tmpdir(), "nocturne-vault-"));
  readonly dataDir: string = join(this.folder, "data");
  readonly log: TestLog = new TestLog();
  readonly #vaults: Vault[] = [];
  readonly #isCheap: boolean;

  constructor({ realCost = false }: { realCost?: boolean } = {}) {
    this.#isCheap = !realCost;
    if (this.#isCheap) countCheapBoxes(1);
  }

  options(more: Partial<VaultOptions> = {}): VaultOptions {
    return { dataDir: this.dataDir, clock: { nowMs: () => START_MS }, log: this.log, ...more };
  }

  async open(more: Partial<VaultOptions> = {}): Promise<Vault> {
    const vault = await openVault(this.options(more));
    this.#vaults.push(vault);
    return vault;
  }

  path(name: string): string {
    return join(this.dataDir, name);
  }

  [Symbol.dispose](): void {
    for (const vault of this.#vaults) vault.close();
    rmSync(this.folder, { recursive: true, force: true });
    if (this.#isCheap) countCheapBoxes(-1);
  }
}

/** All files under a folder. They are copied by another process first: reading vault.db here would drop its lock. */
export function readAllFiles(folder: string): { name: string; bytes: Buffer }[] {
  const copy = mkdtempSync(join(tmpdir(), "nocturne-copy-"));
  try {
    execFileSync("cp", ["-r", folder, copy]);
    return listFiles(copy).map((name) => ({ name: name.slice(copy.length + 1), bytes: readFileSync(name) }));
  } finally {
    rmSync(copy, { recursive: true });
  }
}

export function listFiles(folder: string): string[] {
  const paths = readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)));
  return paths.filter((path) => statSync(path).isFile());
}

/** JavaScript that a child process can run: `openVault` and options for `dataDir` are in scope. */
export function childProgram(dataDir: string, body: string): string[] {
  const url = new URL("./vault.ts", import.meta.url).href;
  const program = `
    import { openVault } from ${JSON.stringify(url)};
    const quiet = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };
    const options = { dataDir: ${JSON.stringify(dataDir)}, clock: { nowMs: () => Date.now() }, log: quiet };
    ${body}`;
  return ["--input-type=module", "--eval", program];
}
