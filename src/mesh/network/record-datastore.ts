/**
 * What libp2p stores, guarded. It asks no selector when a peer puts a record, so that whoever kept an old one could put it
 * over the newer: here nothing takes a record's place that is not newer, and signed by whose place it is.
 *
 *   /dht/record/...     records of the mesh, checked, on the disk, MESH_LIMITS.records of them
 *   /dht/provider/...   refused: nobody provides anything in this mesh, and there is no bound to what could be said
 *   everything else     in memory, MESH_LIMITS.notedPeers of it, the least used forgotten first
 *
 * When it is full, the records furthest from this node's own place go first: those for which others are asked sooner. Keys
 * cost nothing, so that anybody can fill it; but to push a certain record out, one must find keys that lie closer to each
 * of the nodes that keep it.
 */
import type { DatabaseSync } from "node:sqlite";
import { NotFoundError } from "@libp2p/interface";
import { Record as TableRecord } from "@libp2p/kad-dht";
import { BaseDatastore } from "datastore-core/base";
import { Key, type Pair } from "interface-datastore";
import { toHex } from "../../core/bytes.ts";
import type { Clock } from "../../core/clock.ts";
import { PolicyError, ValidationError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import { newerRecord, readRecord } from "../records/record.ts";
import { placeOfTableKey } from "./record-places.ts";

const RECORDS = "/dht/record/";
const PROVIDERS = "/dht/provider";

export class RecordDatastore extends BaseDatastore {
  readonly #db: DatabaseSync;
  readonly #clock: Clock;
  /** Where this node is in libp2p's table, 32 bytes. */
  readonly #self: Uint8Array;
  readonly #limit: number;
  readonly #memory = new Map<string, Uint8Array>();
  /** Places of this machine's own records, in hex: they always have room. */
  readonly #own = new Set<string>();
  #count: number;

  constructor(db: DatabaseSync, clock: Clock, self: Uint8Array, limit: number = MESH_LIMITS.records) {
    super();
    [this.#db, this.#clock, this.#self, this.#limit] = [db, clock, self, limit];
    this.#count = db.prepare("SELECT count(*) AS count FROM records").get()?.["count"] as number;
  }

  /** libp2p stores here what it puts elsewhere, and fails if that does not work: so a node's own records always fit. */
  keepOwn(place: Uint8Array): void {
    this.#own.add(toHex(place));
  }

  /** Records that are kept. */
  get records(): number {
    return this.#count;
  }

  /** Throws ValidationError `stale_record` or `bad_record`, PolicyError `records_full`: libp2p then tells the sender that it failed. */
  override put(key: Key, value: Uint8Array): Key {
    const name = key.toString();
    if (name.startsWith(PROVIDERS)) throw refused();
    if (name.startsWith(RECORDS)) this.#putRecord(name, value);
    else this.#note(name, value);
    return key;
  }

  override get(key: Key): Uint8Array {
    const name = key.toString();
    const value = name.startsWith(RECORDS) ? this.#getRecord(name) : this.#memory.get(name);
    if (value === undefined) throw new NotFoundError();
    if (!name.startsWith(RECORDS)) this.#note(name, value);
    return value;
  }

  override has(key: Key): boolean {
    const name = key.toString();
    return name.startsWith(RECORDS) ? this.#getRecord(name) !== undefined : this.#memory.has(name);
  }

  override delete(key: Key): void {
    const name = key.toString();
    if (name.startsWith(RECORDS)) this.#remove(name);
    else this.#memory.delete(name);
  }

  /** Of what is in memory; nobody lists records. */
  override *_all(): Generator<Pair> {
    for (const [name, value] of this.#memory) yield { key: new Key(name), value };
  }

  override *_allKeys(): Generator<Key> {
    for (const name of this.#memory.keys()) yield new Key(name);
  }

  #note(name: string, value: Uint8Array): void {
    this.#memory.delete(name);
    this.#memory.set(name, value);
    if (this.#memory.size <= MESH_LIMITS.notedPeers) return;
    const [oldest] = this.#memory.keys();
    if (oldest !== undefined) this.#memory.delete(oldest);
  }

  #putRecord(name: string, stored: Uint8Array): void {
    const { key, value } = TableRecord.deserialize(stored);
    const place = placeOfTableKey(key);
    const record = place && readRecord(value, place, this.#clock.nowMs());
    if (!place || !record) throw refused();
    const held = this.#getRecord(name);
    const heldValue = held ? TableRecord.deserialize(held).value : null;
    if (heldValue && Buffer.compare(heldValue, value) !== 0 && newerRecord(heldValue, value) !== value) throw stale();
    const distance = this.#distanceOf(key);
    if (!held) this.#makeRoom(distance, this.#own.has(toHex(place)));
    this.#db
      .prepare("INSERT OR REPLACE INTO records (name, stored, made_at, distance) VALUES (?, ?, ?, ?)")
      .run(name, stored, record.madeAtMs, distance);
    if (!held) this.#count++;
  }

  /**
   * As it was stored, with the time of now: libp2p forgets what came longer ago than 48 h, and here records live as long as they say
   * themselves. What is too old by that goes.
   */
  #getRecord(name: string): Uint8Array | undefined {
    const row = this.#db.prepare("SELECT stored, made_at FROM records WHERE name = ?").get(name);
    if (!row) return undefined;
    if ((row["made_at"] as number) >= this.#oldestMs()) {
      const { key, value } = TableRecord.deserialize(row["stored"] as Uint8Array);
      return new TableRecord(key, value, new Date()).serialize().subarray();
    }
    this.#remove(name);
    return undefined;
  }

  #oldestMs(): number {
    return this.#clock.nowMs() - MESH_LIMITS.recordMs;
  }

  #remove(name: string): void {
    this.#count -= Number(this.#db.prepare("DELETE FROM records WHERE name = ?").run(name).changes);
  }

  #makeRoom(distance: Uint8Array, isOwn: boolean): void {
    if (this.#count < this.#limit) return;
    this.#count -= Number(this.#db.prepare("DELETE FROM records WHERE made_at < ?").run(this.#oldestMs()).changes);
    if (this.#count < this.#limit) return;
    const furthest = this.#db.prepare("SELECT name, distance FROM records ORDER BY distance DESC LIMIT 1").get();
    if (!furthest) return;
    if (!isOwn && Buffer.compare(furthest["distance"] as Uint8Array, distance) <= 0) throw full();
    this.#remove(furthest["name"] as string);
  }

  /** As libp2p measures it: the exclusive or of the hashes. */
  #distanceOf(key: Uint8Array): Uint8Array {
    return sha256(key).map((byte, at) => byte ^ (this.#self[at] as number));
  }
}

function refused(): ValidationError {
  return new ValidationError("bad_record", "This is no record of the mesh, or not of this place.");
}

function stale(): ValidationError {
  return new ValidationError("stale_record", "A newer record is kept at this place.");
}

function full(): PolicyError {
  return new PolicyError("records_full", "This node keeps as many records as it may, all nearer to it.");
}
