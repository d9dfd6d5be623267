/** Many nodes of the mesh in processes of their own, on addresses of loopback that count as different houses. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { toHex } from "../../src/core/bytes.ts";
import { randomBytes } from "../../src/core/random.ts";
import type { MeshNode } from "../../src/mesh/mesh-node.ts";
import type { NodeId } from "../../src/mesh/node-id.ts";
import type { OperatorStatus } from "../../src/mesh/operator-status.ts";
import { startMeshClient } from "./mesh-client.ts";
import type { Lie } from "./mesh-lies.ts";
import { SteppedTime } from "./stepped-time.ts";

export interface HostPlan {
  readonly nodes: readonly { readonly folder: string; readonly host: string; readonly seed: string }[];
  readonly bootstrap: readonly string[];
  readonly lan: boolean;
  readonly maxBytes: number;
  /** What has passed for others already. */
  readonly aheadMs: number;
  /** What its nodes do instead of what they should. */
  readonly lie?: Lie | null;
}

export interface HostedNode {
  readonly id: NodeId;
  /** As people type it. */
  readonly address: string;
}

export type HostMessage =
  | { readonly ready: readonly HostedNode[] }
  | { readonly status: readonly OperatorStatus[]; readonly rss: number }
  | { readonly advanced: true };

export interface WorldOptions {
  readonly processes: number;
  readonly nodesEach: number;
  readonly maxBytes?: number;
}

const HOST_PROGRAM = join(import.meta.dirname, "mesh-host.ts");

/** One process. */
export class MeshHost {
  readonly child: ChildProcess;
  nodes: readonly HostedNode[] = [];

  constructor(child: ChildProcess) {
    this.child = child;
  }

  /** As a power cut would: nothing is finished. */
  async kill(): Promise<void> {
    if (!this.isAlive) return;
    const gone = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await gone;
  }

  status(): Promise<Extract<HostMessage, { status: unknown }>> {
    return ask(this.child, "status");
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }
}

/** What a process answers to what it is asked. */
async function ask<T extends HostMessage>(child: ChildProcess, message: "status" | { advanceMs: number }): Promise<T> {
  const answer = once(child, "message");
  child.send(message);
  return (await answer)[0] as T;
}

export class MeshWorld implements AsyncDisposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), "nocturne-mesh-"));
  readonly hosts: MeshHost[] = [];
  /** That of everybody here. */
  readonly time: SteppedTime = new SteppedTime();
  readonly #owners: MeshNode[] = [];
  #next = 0;

  static async start({ processes, nodesEach, maxBytes = 4e9 }: WorldOptions): Promise<MeshWorld> {
    const world = new MeshWorld();
    try {
      for (let i = 0; i < processes; i++) await world.addHost(nodesEach, maxBytes);
      return world;
    } catch (error) {
      await world[Symbol.asyncDispose]();
      throw error;
    }
  }

  get nodes(): HostedNode[] {
    return this.hosts.flatMap(({ nodes }) => nodes);
  }

  /** Whoever joins begins with these. */
  get bootstrap(): string[] {
    const alive = this.hosts.filter(({ isAlive }) => isAlive).flatMap(({ nodes }) => nodes);
    return alive.slice(0, 2).map(({ address }) => address);
  }

  async addHost(nodes: number, maxBytes: number = 4e9, lie: Lie | null = null): Promise<MeshHost> {
    const plan: HostPlan = {
      nodes: Array.from({ length: nodes }, () => {
        const number = this.#next++;
        const host = `127.${1 + (number >> 8)}.${number & 255}.1`;
        return { folder: join(this.folder, `node-${number}`), host, seed: toHex(randomBytes(32)) };
      }),
      bootstrap: this.bootstrap,
      lan: false,
      maxBytes,
      aheadMs: this.time.aheadMs,
      lie,
    };
    const child = fork(HOST_PROGRAM, [JSON.stringify(plan)], {
      execArgv: ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=2"],
    });
    const host = new MeshHost(child);
    this.hosts.push(host);
    const failed = once(child, "exit").then(() => Promise.reject(new Error("a process of nodes ended")));
    failed.catch(() => {});
    const [message] = (await Promise.race([once(child, "message"), failed])) as [{ ready: HostedNode[] }];
    host.nodes = message.ready;
    return host;
  }

  /** Somebody who keeps files in this mesh, and nothing for others. Resolves when it knows of `known` nodes. */
  async owner(known: number, secret: Uint8Array = randomBytes(32)): Promise<MeshNode> {
    const owner = await startMeshClient({
      folder: mkdtempSync(join(this.folder, "owner-")),
      secret,
      bootstrap: this.bootstrap,
      time: this.time,
    });
    this.#owners.push(owner);
    for (const deadline = performance.now() + 60_000; ; await sleep(50)) {
      const up = owner.roster.nodes().filter(({ state }) => state === "up").length;
      if (up >= known) return owner;
      if (performance.now() > deadline) throw new Error(`only ${up} of ${known} nodes were found`);
    }
  }

  /** So much time passes for everybody, in a moment. */
  async advance(ms: number): Promise<void> {
    const alive = this.hosts.filter(({ isAlive }) => isAlive);
    await Promise.all([this.time.advance(ms), ...alive.map(({ child }) => ask(child, { advanceMs: ms }))]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#owners.map((owner) => owner.close()));
    await Promise.all(this.hosts.map((host) => host.kill()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
