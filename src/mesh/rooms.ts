/**
 * What the rooms of the mesh give each other, so that each is built and tested beside a real neighbour or a lying one.
 *
 *   uploader, downloader, auditor, repair      ask
 *        |  Roster: who is there               network/
 *        |  Records: what was signed           network/
 *        |  Exchange: one peer's fragments     exchange/client  ......wire......  exchange/server
 *        |                                                                             |  FragmentDisk     store/
 *
 * Whatever comes from a peer was checked before it is returned here: leaves against the fragment's name, receipts and
 * records against their signatures.
 */
import type { MeshRecord, RecordKind } from "./records/record.ts";
import type { NodeId, OwnerId } from "./node-id.ts";
import type { FragmentId } from "./pieces/fragment-tree.ts";
import type { NodeState } from "./placement/node-state.ts";

/** A fragment by its name and its length in bytes. */
export interface FragmentRef {
  readonly id: FragmentId;
  /** 1 to MESH_LIMITS.segmentBytes. */
  readonly bytes: number;
}

// ---------------------------------------------------------------- store: a node's disk

/** What the one who stores wants to hold, and until when. */
export interface StoreRequest extends FragmentRef {
  readonly owner: OwnerId;
  readonly untilMs: number;
}

/** A fragment that is on its way in; its room on the disk is reserved. */
export interface Arrival {
  /** Bytes in order, any number at a time; resolves when they are with the disk. Throws ValidationError `wrong_fragment` beyond its length. */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Resolves when the fragment survives a power cut. Throws ValidationError `wrong_fragment` when what came is not what its
   * name says; then nothing of it is left.
   */
  finish(): Promise<void>;
  /** Gives it up; nothing of it is left. After `finish` it does nothing. */
  abort(): Promise<void>;
}

/** A fragment that is read. Close it. */
export interface FragmentReader extends AsyncDisposable {
  readonly bytes: number;
  /** The hashes of all leaves, 32 bytes each, as they were when it was stored. */
  readonly hashes: readonly Uint8Array[];
  /** The bytes of `count` leaves from leaf `first` on; fewer at the end. They are the caller's, with their memory. */
  read(first: number, count: number): Promise<Uint8Array>;
}

export interface HeldLease extends StoreRequest {
  /** When it was put into the trash, null while it is kept. */
  readonly trashedAtMs: number | null;
}

export interface DiskUsage {
  /** That are kept, without those in the trash. */
  readonly fragments: number;
  /** Bytes of the disk that everything takes, trash and index with it, as the file system counts them. */
  readonly usedBytes: number;
  readonly maxBytes: number;
  /** Part of `usedBytes`. */
  readonly trashBytes: number;
  readonly owners: number;
}

export interface FragmentDisk {
  /**
   * Reserves room. Null if it is kept already: then its lease was made longer (and it was taken back out of the trash).
   * Throws PolicyError `node_full`.
   */
  begin(request: StoreRequest): Promise<Arrival | null>;
  /** Null if it is not kept; what is in the trash is not. */
  open(id: FragmentId): Promise<FragmentReader | null>;
  /** Which of them were made longer: those that this owner keeps here. A lease is never made shorter. */
  renew(owner: OwnerId, ids: readonly FragmentId[], untilMs: number): Promise<FragmentId[]>;
  /** Puts what this owner keeps into the trash; returns which. */
  drop(owner: OwnerId, ids: readonly FragmentId[]): Promise<FragmentId[]>;
  /** What this owner keeps of these, with leases. */
  held(owner: OwnerId, ids: readonly FragmentId[]): HeldLease[];
  /** Bytes of the disk that an owner takes, with what it has in the trash. */
  usedBy(owner: OwnerId): number;
  /** All that is kept, `limit` after `after` in the order of names, for handing over. */
  list(after: FragmentId | null, limit: number): HeldLease[];
  usage(): DiskUsage;
  /** Leases that ended go to the trash, what was there for its time goes from the disk. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

// ---------------------------------------------------------------- exchange: fragments of one peer

/** What a node signed that it keeps: whoever has it can show that the node promised. */
export interface Receipt {
  readonly node: NodeId;
  readonly owner: OwnerId;
  readonly untilMs: number;
  readonly madeAtMs: number;
  readonly fragments: readonly FragmentRef[];
  /** The statement as it was signed, signature included. */
  readonly bytes: Uint8Array;
}

/** Some leaves of a fragment. */
export interface LeafQuestion extends FragmentRef {
  /** Rising, each once. */
  readonly leaves: readonly number[];
}

/** `kept`: all leaves were shown. `missing`: it says that it has none. `wrong`: what it showed is not that fragment. */
export type AuditVerdict = "kept" | "missing" | "wrong";

/** A node that fragments are exchanged with. Every call throws NetworkError `node_unreachable` or `node_failed` when it does not answer. */
export interface FragmentPeer {
  readonly node: NodeId;
  /**
   * Resolves when the node said that it keeps it, durably. Throws PolicyError `node_full` or `owner_full`,
   * ValidationError `node_refused`.
   */
  store(fragment: FragmentRef, content: Uint8Array, untilMs: number, signal?: AbortSignal): Promise<void>;
  /** Signed by the node: all of these that it keeps for us. */
  receipt(fragments: readonly FragmentRef[]): Promise<Receipt>;
  /**
   * Its bytes in order, from leaf `from.first` on (by default all), in pieces of whole leaves that were checked. Throws ValidationError
   * `fragment_missing` when the node has none, `wrong_fragment` when it shows something else.
   */
  fetch(
    fragment: FragmentRef,
    from?: { readonly first: number; readonly count: number },
    signal?: AbortSignal,
  ): AsyncIterable<Uint8Array>;
  /** A verdict for each question, in their order. */
  audit(questions: readonly LeafQuestion[], signal?: AbortSignal): Promise<AuditVerdict[]>;
  /** Names of those whose lease was made longer. */
  renew(ids: readonly FragmentId[], untilMs: number): Promise<FragmentId[]>;
  /** Names of those that were put into the trash. */
  drop(ids: readonly FragmentId[]): Promise<FragmentId[]>;
  /** Bytes that it would still take from us now. */
  room(): Promise<number>;
  /** Tells a node that leaves that these are kept elsewhere by now. */
  released(ids: readonly FragmentId[]): Promise<void>;
  /** Hands over a care key (NEP "manifests"): the node audits and repairs that file from now on, until `untilMs`. Throws PolicyError `no_care` if it does not do so. */
  care(careKey: Uint8Array, untilMs: number): Promise<void>;
}

export interface Exchange extends AsyncDisposable {
  /** A connection to this node, made when there is none. Throws NetworkError `node_unreachable`. */
  peer(node: NodeId, signal?: AbortSignal): Promise<FragmentPeer>;
}

// ---------------------------------------------------------------- network: who is there, and what was signed

/** Where fragments of a node are asked for. */
export interface Address {
  /** IPv4 or IPv6, without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface KnownNode {
  readonly id: NodeId;
  /** Where its exchange listens; none: only by a stream of libp2p. */
  readonly addresses: readonly Address[];
  /** See `placement/failure-domain.ts`. */
  readonly domain: string;
  /** Bytes that it said it would take; 0 for one that stores nothing for others. */
  readonly roomBytes: number;
  /** Whether it takes care of files of others. */
  readonly cares: boolean;
  /** Whether it said that it leaves, or is forked: it gets nothing more, and what it has is to be brought elsewhere. */
  readonly isLeaving: boolean;
  /** Whether there is proof that it keeps two histories of what it signed (`ledger/fork-proof.ts`). */
  readonly isForked: boolean;
  /** Share of time in which it was reachable, as measured here; see `network/uptime.ts`. */
  readonly uptime: number;
  readonly state: NodeState;
}

/** It showed all that it was asked for; not all of it; or did not answer, or too late. */
export type AuditOutcome = "kept" | "failed" | "silent";

export interface Roster {
  /** All that are known, this node aside. */
  nodes(): KnownNode[];
  find(id: NodeId): KnownNode | null;
  /** Whoever asks a node for something says whether it answered. */
  heard(id: NodeId, answered: boolean): void;
  /** How a node came out of an audit. */
  audited(id: NodeId, outcome: AuditOutcome): void;
  /** Returns how to stop listening. */
  onChange(listener: () => void): () => void;
}

export interface Records {
  /** Signed by `signRecord`. How many nodes said that they keep it; throws NetworkError `record_not_kept` if none did. */
  put(record: Uint8Array, signal?: AbortSignal): Promise<number>;
  /** The newest of a quorum, or null when nobody has one. Throws NetworkError `mesh_unreachable` when nobody can be asked. */
  get(kind: RecordKind, key: Uint8Array, signal?: AbortSignal): Promise<MeshRecord | null>;
}

/** A stream to a node over libp2p, where its exchange cannot be reached otherwise; bytes in order, both ways. */
export interface Line extends AsyncDisposable {
  /** Resolves when more may be written. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when nothing that was written is in this process any more, or the line has ended; missing where that is not known. */
  left?(): Promise<void>;
  readonly incoming: AsyncIterable<Uint8Array>;
}
