/** For tests: a person's library beside a mesh in memory, whose records are a map. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { concatBytes, toHex } from "../../core/bytes.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import { NetworkError } from "../../core/errors.ts";
import { createLogger } from "../../core/log.ts";
import { BlobStore } from "../../files/blob-store.ts";
import { FileLibrary } from "../../files/library.ts";
import { LinkStore } from "../../files/link-store.ts";
import type { FileView } from "../../files/views.ts";
import { openVault, type Vault } from "../../vault/vault.ts";
import type { EntryKind } from "../ledger/entry.ts";
import { deriveMeshKeys, type MeshKeys } from "../mesh-keys.ts";
import { ownerIdOf } from "../node-id.ts";
import { ObjectManifests } from "../objects/object-manifests.ts";
import { ObjectReader } from "../objects/object-reader.ts";
import { ObjectWriter } from "../objects/object-writer.ts";
import { MemoryMesh } from "../objects/testing.ts";
import { newerRecord, readRecord, recordPlace, RECORD_KINDS, type RecordKind } from "../records/record.ts";
import type { Records } from "../rooms.ts";
import { AccountCopy } from "./account-copy.ts";
import type { MeshEngine } from "./engine.ts";
import { MeshKeeper } from "./keeper.ts";

/** Waits that tests can wait for. */
const FAST = { retryMs: 20, retryMaxMs: 40, healthMs: 20, accountQuietMs: 30, accountBytesPerS: 1e9 };

/** Keeps of each place the newest, as all nodes together would. */
export class MemoryRecords implements Records {
  readonly kept: Map<string, Uint8Array> = new Map();
  readonly #clock: Clock;
  isDown = false;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  async put(record: Uint8Array): Promise<number> {
    if (this.isDown) throw new NetworkError("record_not_kept", "No node kept it.");
    const kind = (Object.keys(RECORD_KINDS) as RecordKind[]).find(
      (one) => RECORD_KINDS[one] === record[1],
    ) as RecordKind;
    const place = toHex(recordPlace(kind, record.subarray(2, 34)));
    this.kept.set(place, newerRecord(this.kept.get(place) ?? null, record) as Uint8Array);
    return 3;
  }

  async get(kind: RecordKind, key: Uint8Array): ReturnType<Records["get"]> {
    const place = recordPlace(kind, key);
    const record = this.kept.get(toHex(place));
    return record ? readRecord(record, place, this.#clock.nowMs()) : null;
  }
}

export interface MemoryEngine extends MeshEngine {
  readonly mesh: MemoryMesh;
  readonly records: MemoryRecords;
  /** Care keys, in hex, of what this machine looks after. */
  readonly cared: Set<string>;
  /** What was noted in the ledger. */
  readonly noted: EntryKind[];
}

/** The mesh as one person's node has it; `of`: a mesh that others use, too. */
export function memoryEngine(count: number, of?: MemoryEngine): MemoryEngine {
  const mesh = of?.mesh ?? new MemoryMesh(count);
  const records = of?.records ?? new MemoryRecords();
  const writer = new ObjectWriter({ ...mesh, clock: systemClock });
  const reader = new ObjectReader(mesh);
  const noted: EntryKind[] = [];
  const note = async (kind: EntryKind): Promise<void> => void noted.push(kind);
  const manifests = new ObjectManifests({ records, writer, reader, note, clock: systemClock });
  const { roster, exchange } = mesh;
  const cared = new Set<string>();
  const caretaker: MeshEngine["caretaker"] = {
    care: async (careKey) => void cared.add(toHex(careKey)),
    end: async (careKey) => void cared.delete(toHex(careKey)),
  };
  return { mesh, records, writer, reader, manifests, roster, exchange, caretaker, cared, note, noted };
}

export interface KeeperRoom {
  readonly dataDir: string;
  readonly vault: Vault;
  readonly library: FileLibrary;
  readonly blobs: BlobStore;
  readonly keeper: MeshKeeper;
  readonly copy: AccountCopy;
  put(
    name: string,
    content: Uint8Array,
    options?: { readonly mesh?: boolean; readonly password?: string },
  ): Promise<FileView>;
  read(id: string, password?: string): Promise<Uint8Array>;
  attach(engine: MeshEngine): void;
  detach(): Promise<void>;
  close(): Promise<void>;
}

/** Opens, or opens again, what lies in `dataDir`. */
export async function openKeeperRoom(
  t: TestContext,
  dataDir: string = mkdtempSync(join(tmpdir(), "nocturne-keeper-")),
  clock: Clock = systemClock,
): Promise<KeeperRoom> {
  const log = createLogger("silent");
  const vault = await openVault({ dataDir, clock, log });
  const linkStore = new LinkStore(join(dataDir, "links.db"), clock);
  const blobs = new BlobStore(join(dataDir, "blobs"));
  const state = { isUp: false };
  const keeper: MeshKeeper = new MeshKeeper({
    account: vault,
    blobs,
    isJoined: () => true,
    whyDown: () => (state.isUp ? null : "It is not up."),
    changed: () => {},
    kept: () => copy.touch(),
    clock,
    log,
    limits: FAST,
  });
  const copy = new AccountCopy({ vault, dataDir, keeper, changed: () => {}, clock, log, limits: FAST });
  blobs.readFrom(keeper);
  const library = new FileLibrary({ vault, blobs, linkStore, mesh: keeper, clock, log });
  const keys: MeshKeys = deriveMeshKeys(vault.secretFor("mesh/v1"));
  const detach = async (): Promise<void> => {
    state.isUp = false;
    await Promise.all([keeper.detach(), copy.detach()]);
  };
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    await detach();
    linkStore.close();
    vault.close();
  };
  t.after(async () => {
    await close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return {
    dataDir,
    vault,
    library,
    blobs,
    keeper,
    copy,
    put: (name, content, options = {}) => library.put(oneOf(content), { name, cipher: "aes-256-gcm", ...options }),
    read: async (id, password) => concatBytes(...(await Array.fromAsync(await library.open(id, { password })))),
    attach: (engine) => {
      state.isUp = true;
      if ("mesh" in engine) (engine as MemoryEngine).mesh.signFor(ownerIdOf(keys.owner.publicKey));
      keeper.attach(engine, keys);
      copy.attach(engine, keys);
    },
    detach,
    close,
  };
}

async function* oneOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
