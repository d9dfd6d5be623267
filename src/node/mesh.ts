/**
 * The storage mesh as the node has it: joined or not, up or waiting, and what a person keeps there.
 *
 *   settings say so, vault open, usual route direct -> engine (src/mesh/mesh-node.ts) -> keeper, account's copy: attached
 *   anything of that ends                           -> detached, engine closed: all of it waits
 *
 * Nodes see from where they are asked: whoever hides the own address joins no mesh, and what was joined waits. The engine is
 * loaded when it is first needed, so that nobody else waits for libp2p.
 */
import type { Socket } from "node:net";
import { join } from "node:path";
import { wipeBytes } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { LockedError, type NocturneError, PolicyError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { MESH_LIMITS } from "../core/mesh-limits.ts";
import { ed25519 } from "../crypto/signing.ts";
import type { BlobStore } from "../files/blob-store.ts";
import { AccountCopy } from "../mesh/keeper/account-copy.ts";
import type { MeshEngine } from "../mesh/keeper/engine.ts";
import { MeshKeeper } from "../mesh/keeper/keeper.ts";
import { examineReceipts, type ReceiptFindings } from "../mesh/keeper/kept-receipts.ts";
import { RetryLoop } from "../mesh/keeper/retry-loop.ts";
import { deriveMeshKeys, type MeshKeys, wipeMeshKeys } from "../mesh/mesh-keys.ts";
import type { MeshNodeOptions } from "../mesh/mesh-node.ts";
import { type OwnerId, ownerIdOf } from "../mesh/node-id.ts";
import type { Address } from "../mesh/rooms.ts";
import type { OperatorStatus } from "../mesh/operator-status.ts";
import type { Way } from "../route/policy.ts";
import { routeFetch } from "../route/route-fetch.ts";
import type { Routes } from "../route/routes.ts";
import type { Vault } from "../vault/vault.ts";
import type { Config } from "./config.ts";
import { MeshSettingsStore } from "./mesh-settings.ts";
import type { JoinMesh, MeshProblem, MeshReceiptPage, MeshSettings, MeshView, MeshVoucherView } from "./mesh-views.ts";
import { describeMesh } from "./mesh-description.ts";
import { describeReceipts, type ReceiptQuery } from "./mesh-receipts.ts";

/** What a running engine is to this node. */
export interface RunningMesh extends MeshEngine {
  status(): OperatorStatus;
  close(): Promise<void>;
}

export type StartMesh = (options: MeshNodeOptions) => Promise<RunningMesh>;

export interface MeshOptions {
  readonly config: Pick<Config, "dataDir" | "tracker">;
  readonly vault: Vault;
  readonly blobs: BlobStore;
  readonly routes: Routes;
  /** How everything leaves of which nothing else is said; null while nobody knows. */
  readonly usualWay: () => Way | null;
  /** Something that a face shows changed. */
  readonly changed: () => void;
  /** A file is kept now. */
  readonly kept: () => void;
  readonly clock: Clock;
  readonly log: Logger;
  /** Another engine, for tests. */
  readonly start?: StartMesh;
}

/** What the recovery key gives for it: `Vault.secretFor`. */
export const MESH_SECRET = "mesh/v1";

const MESH_FOLDER = "mesh";
const NOT_UP = "The storage mesh is not up yet.";

export class Mesh {
  readonly settings: MeshSettingsStore;
  readonly keeper: MeshKeeper;
  readonly #copy: AccountCopy;
  readonly #o: MeshOptions;
  readonly #loop: RetryLoop;
  #begun = false;
  /** It was started with other settings than those of now. */
  #isStale = false;
  #up: { readonly engine: RunningMesh; readonly keys: MeshKeys } | null = null;
  #problem: NocturneError | null = null;
  #telling: NodeJS.Timeout | null = null;

  constructor(options: MeshOptions) {
    this.#o = options;
    const { vault, blobs, config, clock, log } = options;
    this.settings = new MeshSettingsStore(vault);
    const changed = (): void => this.#tell();
    this.keeper = new MeshKeeper({
      account: vault,
      blobs,
      isJoined: () => this.settings.read().on,
      whyDown: () => (this.#up ? null : (this.problem()?.message ?? NOT_UP)),
      changed,
      kept: () => {
        this.#copy.touch();
        options.kept();
      },
      clock,
      log,
    });
    this.#copy = new AccountCopy({ vault, dataDir: config.dataDir, keeper: this.keeper, changed, clock, log });
    this.#loop = new RetryLoop({
      round: () => this.#adapt(),
      told: (problem) => {
        if (problem?.code !== this.#problem?.code) this.#tell();
        this.#problem = problem;
      },
      work: "the storage mesh",
      log,
    });
    options.routes.onChange(() => this.follow());
  }

  /** From now on it is up whenever it may be. */
  begin(): void {
    this.#begun = true;
    this.#loop.hurry();
  }

  /** Ends it until the next `begin`; before the vault is locked. */
  async pause(): Promise<void> {
    this.#begun = false;
    await this.#loop.pause();
    await this.#stop();
  }

  /** A setting or a route may be another. */
  follow(): void {
    if (this.#begun) this.#loop.wake();
  }

  /** There may be something to store, to drop or to renew. */
  wake(): void {
    if (!this.#o.vault.locked) this.keeper.wake();
  }

  /** The account is another than in its copy. */
  noteChange(): void {
    this.#copy.touch();
  }

  /**
   * Throws PolicyError `mesh_needs_direct`, UsageError `bad_mesh_address`, `too_many_addresses`, ValidationError `bad_mesh_share`,
   * `bad_network_key`; LockedError.
   */
  async join({ networkKey, ...wanted }: JoinMesh): Promise<MeshView> {
    if (this.#o.usualWay() !== "direct") throw needsDirect();
    if (wanted.bootstrap?.length) {
      const { parseMeshAddress } = await import("../mesh/network/peer-ids.ts");
      for (const address of wanted.bootstrap) parseMeshAddress(address);
    }
    if (networkKey !== undefined) this.settings.setNetworkKey(networkKey);
    this.settings.change({ ...wanted, on: true });
    this.#isStale = true;
    this.begin();
    return this.view();
  }

  /** Gives up what is kept there. Throws PolicyError `mesh_only_copy` while something lies there alone. */
  async leave(): Promise<MeshView> {
    const alone = this.keeper.blobs().filter((blob) => this.#o.blobs.placeOf(blob) === "mesh").length;
    if (alone > 0) throw onlyCopies(alone);
    await this.#copy.detach(); // else one that is under way would come after
    await this.keeper.leaveAll(this.#up ? MESH_LIMITS.farewellMs : 0);
    this.settings.change({ on: false });
    this.follow();
    return this.view();
  }

  /** Throws ValidationError `bad_voucher`, `too_many_vouchers`; LockedError. */
  addVoucher(text: string): MeshVoucherView {
    const { node, bytes, untilMs } = this.settings.addVoucher(text, this.#owner(), this.#o.clock.nowMs());
    this.#isStale = true; // it is shown when a connection begins
    this.follow();
    return { node: node.slice(0, 16), bytes, until: new Date(untilMs).toISOString() };
  }

  /** What nodes signed that they keep of what is this person's. Throws LockedError. */
  receipts(query: ReceiptQuery): MeshReceiptPage {
    return describeReceipts(this.keeper.tables, query);
  }

  /** Each of them verified anew; null while nothing lies in the mesh. Throws LockedError. */
  examineReceipts(): Promise<ReceiptFindings | null> {
    return examineReceipts(this.keeper.tables, this.#owner(), this.#o.clock.nowMs());
  }

  /** Nodes that are there now. */
  peers(): number {
    return this.#up?.engine.roster.nodes().filter(({ state }) => state === "up").length ?? 0;
  }

  /** Why a joined mesh cannot be used; null while nothing is wrong, or none is joined. */
  problem(): MeshProblem | null {
    if (!this.#joined()) return null;
    const error = this.#o.usualWay() === "direct" ? this.#problem : needsDirect();
    return error && { code: error.code, message: error.message, hint: error.hint ?? null };
  }

  /** Throws LockedError. */
  view(): MeshView {
    if (this.#o.vault.locked) throw new LockedError();
    const problem = this.problem();
    const isUp = this.#up !== null;
    return describeMesh({
      settings: this.settings.read(),
      state: !this.#joined() ? "off" : isUp ? "up" : problem ? "waiting" : "starting",
      problem,
      isPrivate: this.settings.networkKey() !== null,
      tracker: this.#o.config.tracker,
      owner: this.#owner(),
      engine: this.#up?.engine ?? null,
      keeper: this.keeper,
      copy: this.#copy.view(),
      vouchers: this.settings.vouchers(this.#o.clock.nowMs()).map(({ voucher }) => voucher),
    });
  }

  async close(): Promise<void> {
    await this.pause();
    if (this.#telling) clearTimeout(this.#telling);
  }

  #joined(): boolean {
    return !this.#o.vault.locked && this.settings.read().on;
  }

  #mayBeUp(): boolean {
    return this.#begun && this.#joined() && this.#o.usualWay() === "direct";
  }

  async #adapt(): Promise<void> {
    if (!this.#mayBeUp() || this.#isStale) await this.#stop();
    this.#isStale = false;
    if (this.#mayBeUp() && !this.#up) await this.#start();
  }

  async #start(): Promise<void> {
    const { vault, start = loadAndStart } = this.#o;
    const secret = vault.secretFor(MESH_SECRET);
    const keys = deriveMeshKeys(secret);
    try {
      const engine = await start(this.#engineOptions(this.settings.read(), secret));
      this.#up = { engine, keys };
    } catch (error) {
      wipeMeshKeys(keys);
      throw error;
    } finally {
      wipeBytes(secret);
    }
    // Meanwhile the vault may have been locked, or another route chosen.
    if (!this.#mayBeUp()) return this.#stop();
    this.keeper.attach(this.#up.engine, keys);
    this.#copy.attach(this.#up.engine, keys);
    this.#tell();
  }

  async #stop(): Promise<void> {
    const up = this.#up;
    if (!up) return;
    this.#up = null;
    await Promise.all([this.keeper.detach(), this.#copy.detach()]);
    await up.engine.close();
    wipeMeshKeys(up.keys);
    this.#tell();
  }

  #engineOptions({ bootstrap, lan, share }: MeshSettings, secret: Uint8Array): MeshNodeOptions {
    const { config, routes, clock, log } = this.#o;
    const seed = this.settings.nodeSeed();
    const nodeKey = ed25519.createKeyPair(seed);
    wipeBytes(seed);
    const vouchers = new Map(this.settings.vouchers(clock.nowMs()).map(({ voucher, bytes }) => [voucher.node, bytes]));
    return {
      folder: join(config.dataDir, MESH_FOLDER),
      nodeKey,
      owner: { secret },
      listen: share && { host: share.host, port: share.port },
      bootstrap,
      lan,
      tracker: config.tracker,
      privateKey: this.settings.networkKey(),
      maxBytes: share?.maxBytes ?? null,
      care: share?.care ?? false,
      relay: share !== null,
      vouchers: (node) => vouchers.get(node) ?? null,
      dial: (address, signal) => dialNode(routes, address, signal),
      fetch: routeFetch(routes, "mesh-tracker"),
      clock,
      log: log.child({ component: "mesh" }),
    };
  }

  #owner(): OwnerId {
    const secret = this.#o.vault.secretFor(MESH_SECRET);
    const keys = deriveMeshKeys(secret);
    const owner = ownerIdOf(keys.owner.publicKey);
    wipeBytes(secret);
    wipeMeshKeys(keys);
    return owner;
  }

  #tell(): void {
    this.#telling ??= setTimeout(() => {
      this.#telling = null;
      this.#o.changed();
    }, MESH_LIMITS.tellMs).unref();
  }
}

/** A node's exchange; libp2p dials by itself, which is why only the direct way will do. */
export function dialNode(routes: Routes, { host, port }: Address, signal: AbortSignal): Promise<Socket> {
  return routes.dial({ host: host.includes(":") ? `[${host}]` : host, port }, { isolation: "mesh", signal });
}

export const loadAndStart: StartMesh = async (options) => {
  const { startMeshNode } = await import("../mesh/mesh-node.ts");
  return startMeshNode(options);
};

export function needsDirect(): PolicyError {
  return new PolicyError(
    "mesh_needs_direct",
    "Nodes of a storage mesh see the network address of whoever keeps files there, and you chose to hide yours.",
    { hint: "Choose the direct way (nocturne route use direct), or keep files on this machine." },
  );
}

function onlyCopies(count: number): PolicyError {
  const what = count === 1 ? "One file lies" : `${count} files lie`;
  return new PolicyError("mesh_only_copy", `${what} in the mesh and nowhere else, and would be lost.`, {
    hint: "Bring them back first: nocturne files keep ID",
  });
}
