/** An owner of objects in the mesh on another machine, and what it can be asked. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Locator } from "../../src/mesh/manifest/locator.ts";
import type { MeshRecord, RecordKind } from "../../src/mesh/records/record.ts";
import type { FoundManifest } from "../../src/mesh/repair/manifests.ts";
import type { KnownNode } from "../../src/mesh/rooms.ts";
import { ChildCalls } from "./child-calls.ts";
import { temporaryFolder } from "./cleanup.ts";
import { forkInside } from "./lone-wire.ts";
import type { Machine } from "./network-namespace.ts";

export interface OwnerPlan {
  readonly folder: string;
  /** 64 hex digits. */
  readonly secret: string;
  readonly bootstrap: readonly string[];
  readonly lan: boolean;
}

export interface OwnerCalls {
  nodes(): Promise<KnownNode[]>;
  write(content: Uint8Array): Promise<Locator>;
  read(locator: Locator): Promise<Uint8Array>;
  /** How many nodes keep the manifest. */
  publish(careKey: Uint8Array, locator: Locator, sequence: number): Promise<number>;
  find(careKey: Uint8Array): Promise<FoundManifest | null>;
  put(record: Uint8Array): Promise<number>;
  get(kind: RecordKind, key: Uint8Array): Promise<MeshRecord | null>;
}

const PROGRAM = join(import.meta.dirname, "mesh-owner.ts");
const MEET_MS = 120_000;
const POLL_MS = 250;

export class MeshOwner {
  readonly #calls: ChildCalls;

  private constructor(child: ChildProcess) {
    this.#calls = new ChildCalls(child);
  }

  /** Resolves when it knows `known` nodes. */
  static async start(
    t: TestContext,
    machine: Machine,
    known: number,
    plan: Omit<OwnerPlan, "folder">,
  ): Promise<MeshOwner> {
    const whole: OwnerPlan = { ...plan, folder: temporaryFolder(t) };
    const child = forkInside(t, machine, PROGRAM, [JSON.stringify(whole)]);
    const ended = once(child, "exit").then(() => Promise.reject(new Error("an owner ended before it was ready")));
    ended.catch(() => {});
    await Promise.race([once(child, "message"), ended]);
    const owner = new MeshOwner(child);
    await owner.untilKnown(known);
    return owner;
  }

  async untilKnown(count: number): Promise<void> {
    let nodes: readonly KnownNode[] = [];
    for (const deadline = performance.now() + MEET_MS; performance.now() < deadline; await sleep(POLL_MS)) {
      nodes = await this.call("nodes");
      if (nodes.length >= count) return;
    }
    throw new Error(`an owner found only ${nodes.length} of ${count} nodes`);
  }

  /** Rejects as `ChildCalls.call`. */
  async call<K extends keyof OwnerCalls>(
    name: K,
    ...args: Parameters<OwnerCalls[K]>
  ): Promise<Awaited<ReturnType<OwnerCalls[K]>>> {
    return (await this.#calls.call(name, args)) as Awaited<ReturnType<OwnerCalls[K]>>;
  }
}
