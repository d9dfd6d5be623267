/**
 * Records in libp2p's table: put to the nodes whose places are nearest, and asked of as many as are needed.
 *
 *   put   -> the 20 nearest nodes, each of which must say back what it keeps: only that counts
 *   get   <- the same nodes, in no order; ends when MESH_LIMITS.quorum of them said the same and nobody something else,
 *            else when all were asked. The newest of what they said counts, and nothing older than what was seen here before
 *
 * libp2p itself does not fail when everybody refuses a put, and waits for all answers before it gives one: so its events
 * are counted here.
 */
import type { KadDHT, QueryEvent } from "@libp2p/kad-dht";
import { equalBytes, toHex } from "../../core/bytes.ts";
import type { Clock } from "../../core/clock.ts";
import { NetworkError, UsageError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { type MeshRecord, newerRecord, readRecord, type RecordKind, recordPlace } from "../records/record.ts";
import type { Records } from "../rooms.ts";
import { placeOfRecord, tableKey } from "./record-places.ts";
import type { SeenRecords } from "./seen-records.ts";

export interface TableAccess {
  readonly table: Pick<KadDHT, "get" | "put">;
  readonly seen: SeenRecords;
  readonly clock: Clock;
  /** Tells the datastore that this place is this machine's own. */
  readonly keepOwn: (place: Uint8Array) => void;
  /** Whether any node is connected. */
  readonly isConnected: () => boolean;
}

export class TableRecords implements Records {
  readonly #access: TableAccess;

  constructor(access: TableAccess) {
    this.#access = access;
  }

  /** Throws also UsageError `mesh_record` for bytes that nobody would keep. */
  async put(record: Uint8Array, signal?: AbortSignal): Promise<number> {
    const place = placeOfRecord(record);
    if (!place || !readRecord(record, place, this.#access.clock.nowMs())) {
      throw new UsageError("mesh_record", "This is no record of the mesh that others would keep.");
    }
    if (!equalBytes(this.#access.seen.newest(place, record) ?? record, record)) {
      throw new UsageError("mesh_record", "A newer record of this place was seen already.");
    }
    this.#access.keepOwn(place);
    const confirmed = new Set<string>();
    await this.#ask(
      (within) => this.#access.table.put(tableKey(place), record, { signal: within }),
      signal,
      (event) => {
        if (event.name === "PEER_RESPONSE" && event.record && equalBytes(event.record.value, record)) {
          confirmed.add(event.from.toString());
        }
        return false;
      },
    );
    if (confirmed.size === 0) throw notKept();
    return confirmed.size;
  }

  async get(kind: RecordKind, key: Uint8Array, signal?: AbortSignal): Promise<MeshRecord | null> {
    const place = recordPlace(kind, key);
    const said = new Answers(place, this.#access.clock.nowMs());
    await this.#ask(
      (within) => this.#access.table.get(tableKey(place), { signal: within }),
      signal,
      (event) => said.add(event),
    );
    if (said.asked === 0) throw unreachable();
    const newest = this.#access.seen.newest(place, said.newest);
    return newest && readRecord(newest, place, this.#access.clock.nowMs());
  }

  /** Until `isEnough`, everybody was asked, or the time is over. What fails on the way changes nothing: the answers count. */
  async #ask(
    start: (signal: AbortSignal) => AsyncIterable<QueryEvent>,
    signal: AbortSignal | undefined,
    isEnough: (event: QueryEvent) => boolean,
  ): Promise<void> {
    signal?.throwIfAborted();
    if (!this.#access.isConnected()) throw unreachable();
    const timeout = AbortSignal.timeout(MESH_LIMITS.searchMs);
    try {
      for await (const event of start(signal ? AbortSignal.any([signal, timeout]) : timeout))
        if (isEnough(event)) return;
    } catch {
      signal?.throwIfAborted();
    }
  }
}

/** What nodes said is at a place. */
class Answers {
  readonly #place: Uint8Array;
  readonly #nowMs: number;
  /** Record in hex -> who said so: one node has one voice, on whichever path it was asked. */
  readonly #voices = new Map<string, Set<string>>();
  newest: Uint8Array | null = null;
  /** Answers, with and without a record. */
  asked = 0;

  constructor(place: Uint8Array, nowMs: number) {
    [this.#place, this.#nowMs] = [place, nowMs];
  }

  /**
   * True when as many as are needed said the same, and nobody anything else. Where they differ, as after a net was cut in
   * two, all are asked: then libp2p gives the newest to those who had an older one, and the next who asks is not misled.
   */
  add(event: QueryEvent): boolean {
    if (event.name !== "PEER_RESPONSE") return false;
    this.asked++;
    // Bytes of their own: libp2p hands out parts of a buffer that it shares.
    const value = event.record && new Uint8Array(event.record.value);
    if (!value || !readRecord(value, this.#place, this.#nowMs)) return false;
    this.newest = newerRecord(this.newest, value);
    const name = toHex(value);
    const voices = this.#voices.get(name) ?? new Set();
    this.#voices.set(name, voices.add(event.from.toString()));
    return voices.size >= MESH_LIMITS.quorum && this.#voices.size === 1;
  }
}

function notKept(): NetworkError {
  return new NetworkError("record_not_kept", "No node of the mesh said that it keeps this record.", {
    hint: "Try again when more nodes are connected.",
  });
}

function unreachable(): NetworkError {
  return new NetworkError("mesh_unreachable", "No node of the mesh could be asked.", {
    hint: "Check the network, or give the address of a node that is there.",
  });
}
