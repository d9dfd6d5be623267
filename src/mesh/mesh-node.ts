/**
 * A machine's whole part in the mesh, composed: for `nocturne-node`, and for an app that uses the mesh, or is a node too.
 *
 *   keeps for others      FragmentStore <- ExchangeServer <- TLS port | lines          with a listening address and room
 *   keeps its own         ObjectWriter, ObjectReader, ObjectManifests -> ExchangeClient in the owner's name
 *   looks after objects   Caretaker: of others who asked for it, and of its owner
 *   knows the others      MeshNetwork: roster, records, gossip
 *
 *   <folder>/fragments/, fragments.db    store            <folder>/network.db    network
 *           /guests...                   exchange         <folder>/care.db       repair
 *           /ledger/                     what this node signed, and what it heard that others did; what was signed here for the owner
 */
import type { Duplex } from "node:stream";
import { join } from "node:path";
import { type Clock, systemTimers, type Timers } from "../core/clock.ts";
import { wipeBytes } from "../core/bytes.ts";
import { UsageError } from "../core/errors.ts";
import type { Fetch } from "../core/fetch.ts";
import type { Logger } from "../core/log.ts";
import { MESH_LIMITS } from "../core/mesh-limits.ts";
import type { SignatureKeyPair } from "../crypto/signing.ts";
import { CarerManifests } from "./carer-manifests.ts";
import { ExchangeClient } from "./exchange/client.ts";
import { ExchangeServer } from "./exchange/server.ts";
import { signVoucher, type Voucher } from "./exchange/voucher.ts";
import type { Note } from "./ledger/entry.ts";
import { LEDGER_NAME, LedgerLog } from "./ledger/log.ts";
import { LedgerMember } from "./ledger/member.ts";
import { OwnLedger } from "./ledger/own-ledger.ts";
import { deriveCareKeys, deriveMeshKeys, ledgerKeyOf, type MeshKeys, wipeMeshKeys } from "./mesh-keys.ts";
import { MeshOperator } from "./mesh-operator.ts";
import type { MeshNetwork } from "./network/mesh-network.ts";
import { startNetwork } from "./network/start-network.ts";
import { TrackerVisits } from "./network/tracker-visits.ts";
import { type NodeId, nodeIdOf, ownerIdOf } from "./node-id.ts";
import { ObjectManifests } from "./objects/object-manifests.ts";
import { ObjectReader } from "./objects/object-reader.ts";
import { ObjectWriter } from "./objects/object-writer.ts";
import type { LeaveProgress, OperatorStatus } from "./operator-status.ts";
import { CareTable } from "./repair/care-table.ts";
import { Caretaker } from "./repair/caretaker.ts";
import { Leave } from "./repair/handover.ts";
import type { Address, Exchange, Records, Roster } from "./rooms.ts";
import { FragmentStore } from "./store/fragment-store.ts";

export interface MeshNodeOptions {
  /** Its own; made where it is missing. */
  readonly folder: string;
  readonly nodeKey: SignatureKeyPair;
  /** Whose files it keeps in the mesh: 32 bytes that the recovery key gives, read before this returns. Null: nobody's. */
  readonly owner: { readonly secret: Uint8Array } | null;
  /** IP address and port of libp2p; the exchange takes the next one. 0: any. Null: it only dials. */
  readonly listen: Address | null;
  readonly bootstrap: readonly string[];
  /** Whether it looks for nodes in the local network, and shows itself there. */
  readonly lan: boolean;
  readonly tracker: string | null;
  /** 32 bytes, of a private network. */
  readonly privateKey: Uint8Array | null;
  /** Real bytes of the disk for fragments of others; null: none. Only with `listen`. */
  readonly maxBytes: number | null;
  /** Whether it repairs files of others that are given into its care. */
  readonly care: boolean;
  /** Whether it is reached by others' help, and helps others. */
  readonly relay: boolean;
  /** What nodes promised the owner. */
  readonly vouchers?: (node: NodeId) => Uint8Array | null;
  /** A plain connection, by the route. */
  readonly dial: (address: Address, signal: AbortSignal) => Promise<Duplex>;
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** For what is done now and then, not for how long others may take to answer. */
  readonly timers?: Timers;
  readonly log: Logger;
}

/** Where lines of nodes that nobody knows come from: all of them together count as one house. */
const UNKNOWN_DOMAIN = "line";
/** Where a server is reached on its own machine that listens at all of its addresses. */
const ANY_ADDRESS: ReadonlyMap<string, string> = new Map([
  ["0.0.0.0", "127.0.0.1"],
  ["::", "::1"],
]);

/**
 * Resolves when it listens, and finds others by itself from then on. Throws UsageError `bad_mesh_address`, InternalError `port_in_use` and
 * `node_in_use`, CodecError for damaged files.
 */
export async function startMeshNode(options: MeshNodeOptions): Promise<MeshNode> {
  await using opened = new AsyncDisposableStack();
  const keys = options.owner && deriveMeshKeys(options.owner.secret);
  opened.defer(() => (keys ? wipeMeshKeys(keys) : undefined));
  const { folder, clock, log, nodeKey, maxBytes, listen } = options;
  const disk = listen && maxBytes !== null ? await FragmentStore.open({ folder, maxBytes, clock, log }) : null;
  opened.defer(() => disk?.close());
  const ledger = disk && new OwnLedger({ folder, by: nodeKey, clock });
  opened.defer(() => ledger?.[Symbol.dispose]());
  const ownerLedger = keys && openOwnerLedger(options, opened);
  const late: Late = { caretaker: null, leave: null };
  const server =
    disk &&
    ledger &&
    new ExchangeServer({
      key: nodeKey,
      disk,
      clock,
      log,
      folder,
      care: options.care ? async (...asked) => late.caretaker?.care(...asked) : null,
      released: (owner, ids) => late.leave?.released(owner, ids),
      note: ledger.note,
    });
  opened.defer(() => server?.close());
  const port = server && listen ? await server.listen(listen.host, listen.port === 0 ? 0 : listen.port + 1) : 0;
  const network = await startNetwork({
    key: nodeKey,
    folder,
    log,
    clock,
    timers: options.timers ?? systemTimers,
    listen: listen && { ...listen, announce: [] },
    bootstrap: options.bootstrap,
    findsNeighbours: options.lan,
    networkKey: options.privateKey,
    relays: options.relay,
    serves: listen !== null,
    exchange: disk && {
      port,
      cares: options.care,
      roomBytes: () => Math.max(0, disk.usage().maxBytes - disk.usage().usedBytes),
      leaving: () => late.leave !== null,
    },
    denied: { nodes: new Set(), domains: new Set() },
    ...(ledger ? { note: (announcement) => ledger.note("record", announcement) } : {}),
  });
  opened.use(network);
  const member = opened.use(
    await LedgerMember.join({ folder, own: ledger, network, clock, timers: options.timers ?? systemTimers, log }),
  );
  if (server)
    await network.onLine((line, from) => server.accept(line, network.roster.find(from)?.domain ?? UNKNOWN_DOMAIN));
  const node = new MeshNode(options, { keys, disk, server, port, network, ledger, ownerLedger, member }, late, opened);
  node.owns(opened.move());
  return node;
}

function openOwnerLedger({ folder, nodeKey, clock }: MeshNodeOptions, opened: AsyncDisposableStack): LedgerLog {
  const by = ledgerKeyOf(nodeKey);
  opened.defer(() => wipeBytes(by.secretKey));
  const log = new LedgerLog({ folder: join(folder, LEDGER_NAME), by, hashesOnly: true, clock });
  opened.defer(() => log.close());
  return log;
}

/** What the server and the network ask, and is made after them. */
interface Late {
  caretaker: Caretaker | null;
  /** Once the node leaves. */
  leave: Leave | null;
}

interface Parts {
  readonly keys: MeshKeys | null;
  readonly disk: FragmentStore | null;
  readonly server: ExchangeServer | null;
  /** Of the server. */
  readonly port: number;
  readonly network: MeshNetwork;
  /** Of what the node signs; null where it keeps nothing for others. */
  readonly ledger: OwnLedger | null;
  /** Of what is signed here in the owner's name. */
  readonly ownerLedger: LedgerLog | null;
  readonly member: LedgerMember;
}

export class MeshNode {
  readonly id: NodeId;
  readonly roster: Roster;
  readonly records: Records;
  /** In the owner's name; of nobody, where there is none: then it only reads. */
  readonly exchange: Exchange;
  readonly writer: ObjectWriter;
  readonly reader: ObjectReader;
  readonly manifests: ObjectManifests;
  readonly caretaker: Caretaker;
  /** Into the owner's ledger; of nobody, where there is none: then nothing is signed. */
  readonly note: Note;
  readonly #options: MeshNodeOptions;
  readonly #parts: Parts;
  readonly #late: Late;
  readonly #operator: MeshOperator;
  #owned: AsyncDisposable | null = null;

  /** See `startMeshNode`. `opened` takes what is to be closed. */
  constructor(options: MeshNodeOptions, parts: Parts, late: Late, opened: AsyncDisposableStack) {
    const { clock, folder, timers = systemTimers } = options;
    const { network, keys, disk, server, member, ledger, ownerLedger } = parts;
    [this.#options, this.#parts, this.#late] = [options, parts, late];
    this.id = nodeIdOf(options.nodeKey.publicKey);
    this.roster = network.roster;
    this.records = network.records;
    const exchange = this.#client(keys?.owner ?? null);
    this.exchange = exchange;
    const { roster } = this;
    this.writer = new ObjectWriter({ exchange, roster, clock });
    this.reader = new ObjectReader({ exchange, roster });
    this.note = async (...said) => void (await ownerLedger?.append(...said));
    const tools = { records: network.records, writer: this.writer, reader: this.reader, note: this.note, clock };
    this.manifests = new ObjectManifests(tools);
    const owner = keys && ownerIdOf(keys.owner.publicKey);
    const table = new CareTable(join(folder, "care.db"), owner);
    const exchangeFor = (careKey: Uint8Array, certificate: Uint8Array): Exchange => this.#carer(careKey, certificate);
    this.caretaker = new Caretaker({
      table,
      manifests: new CarerManifests({ ...tools, note: ledger?.note ?? this.note, roster, exchangeFor }),
      roster,
      exchangeFor,
      watch: (nodes) => network.watch(nodes),
      self: disk ? this.id : null,
      owner,
      takesOthers: options.care,
      clock,
      timers,
      log: options.log,
    });
    late.caretaker = this.caretaker;
    const visits = this.#visitTracker();
    this.#operator = new MeshOperator({
      id: this.id,
      network,
      disk,
      server,
      caretaker: this.caretaker,
      member,
      clock,
      cares: options.care,
    });
    opened.use(exchange);
    opened.defer(() => table.close());
    opened.defer(() => this.caretaker.close());
    opened.defer(() => visits?.close());
    opened.defer(this.#beginSweeping());
  }

  /** For `startMeshNode`: what `close` is to close. */
  owns(all: AsyncDisposable): void {
    this.#owned = all;
  }

  get network(): MeshNetwork {
    return this.#parts.network;
  }

  /** Of a node that keeps fragments; for others everything about the disk is 0. */
  status(): OperatorStatus {
    return this.#operator.status(this.#late.leave !== null);
  }

  /**
   * The node's promise of so many bytes to an owner, 145 bytes. Throws UsageError `voucher` for numbers that are none, and on a node that keeps
   * nothing for others; ValidationError `ledger_behind`.
   */
  async voucher(terms: Omit<Voucher, "node">): Promise<Uint8Array> {
    const { ledger } = this.#parts;
    if (!ledger)
      throw new UsageError("voucher", "This machine keeps nothing for others, so it has nothing to promise.");
    const voucher = signVoucher(terms, this.#options.nodeKey);
    await ledger.note("voucher", voucher);
    return voucher;
  }

  /** From now on it takes so many bytes of the disk. */
  resize(maxBytes: number): void {
    this.#parts.disk?.resize(maxBytes);
    this.network.announce();
  }

  /**
   * Says that it leaves, takes nothing more, and tells how far others are with what it holds, until nothing is left or the time is over
   * (MESH_LIMITS.leaveMs). `now`: it only says so. It goes on serving until it is closed.
   */
  async *leave(now: boolean, signal: AbortSignal): AsyncGenerator<LeaveProgress, void, undefined> {
    const { disk } = this.#parts;
    if (!disk) return;
    disk.resize(0);
    const announce = async (): Promise<void> => this.network.announce();
    this.#late.leave ??= new Leave({ disk, announce, clock: this.#options.clock, timers: systemTimers });
    if (!now) yield* this.#late.leave.run(signal);
    else {
      await announce();
      const left = disk.usage().fragments;
      yield { left, total: left };
    }
  }

  async close(): Promise<void> {
    await this.#owned?.[Symbol.asyncDispose]();
    this.#owned = null;
  }

  #client(key: SignatureKeyPair | null, certificate?: Uint8Array): ExchangeClient {
    const { dial, clock, log, vouchers = () => null } = this.#options;
    const { network } = this.#parts;
    return new ExchangeClient({
      dial,
      line: (node) => network.dial(node),
      addressesOf: (node) => (node === this.id ? this.#ownAddress() : (network.roster.find(node)?.addresses ?? [])),
      key,
      ...(certificate ? { certificate } : {}),
      vouchers,
      clock,
      log,
      heard: (node, answered) => network.roster.heard(node, answered),
    });
  }

  /** A carer asks for what lies at its own node, too. */
  #ownAddress(): Address[] {
    const { server, port } = this.#parts;
    const host = this.#options.listen?.host;
    if (!server || host === undefined) return [];
    return [{ host: ANY_ADDRESS.get(host) ?? host, port }];
  }

  #carer(careKey: Uint8Array, certificate: Uint8Array): Exchange {
    const { signing, sealing } = deriveCareKeys(careKey);
    const client = this.#client(signing, certificate);
    return {
      peer: (node, signal) => client.peer(node, signal),
      [Symbol.asyncDispose]: async () => {
        await client[Symbol.asyncDispose]();
        wipeBytes(signing.secretKey, sealing);
      },
    };
  }

  #visitTracker(): TrackerVisits | null {
    const { tracker: url, fetch, log } = this.#options;
    const { network, disk } = this.#parts;
    return url === null
      ? null
      : new TrackerVisits({ url, tells: disk !== null, fetch, network, timers: systemTimers, log });
  }

  #beginSweeping(): () => void {
    const { disk } = this.#parts;
    const { log, timers = systemTimers } = this.#options;
    if (!disk) return () => {};
    let cancel = (): void => {};
    const sweep = (): void => {
      disk.sweep().catch((error: unknown) => log.warn({ error: String(error) }, "the disk was not swept"));
      cancel = timers.schedule(sweep, MESH_LIMITS.sweepMs);
    };
    sweep();
    return () => cancel();
  }
}
