/**
 * Files that other people sent in messages: fetched from their nodes into this library, when the person says so and
 * never before, because asking tells the sender's node this machine's address.
 *
 *   save -> fetching <-> waiting (their node does not answer; tried again by itself) -> saved, or failed
 *      wanted: a row of the vault          what came: an upload (`uploads.ts`)
 *
 * A save outlives this process and a locked vault: what is wanted is written down, what came of it lies sealed in an
 * upload, and `resume` goes on from there. What was saved is remembered; what failed is told until the program ends.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../core/clock.ts";
import { NetworkError, NocturneError, toNocturneError, ValidationError } from "../core/errors.ts";
import type { Fetch } from "../core/fetch.ts";
import { RECEIVE_LIMITS, UPLOAD_LIMITS } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import { utf8Encode, toHex } from "../core/bytes.ts";
import { sha256 } from "../crypto/key-derivation.ts";
import type { EnvelopeKeys } from "../crypto/envelope.ts";
import type { SealedTable } from "../vault/sealed-table.ts";
import type { Vault } from "../vault/vault.ts";
import type { BlobStore } from "./blob-store.ts";
import { usableFileName } from "./file-name.ts";
import { TOP } from "./folders.ts";
import type { FileLibrary } from "./library.ts";
import { diskFull } from "./library-errors.ts";
import type { Broke } from "./link-client.ts";
import { differs, visitLink, type VisitedLink } from "./link-visitor.ts";
import { UploadOffsetError } from "./live-upload.ts";
import type { ReceivedFile, SharedFile, UploadView } from "./views.ts";

/** A file as it stands in a message. */
export interface OfferedFile extends SharedFile {
  /** Id of the message. */
  readonly message: string;
  /** What the conversation is called: the folder that it goes into when no other is said. */
  readonly conversation: string;
}

export interface ReceiverOptions {
  readonly vault: Vault;
  readonly library: FileLibrary;
  readonly blobs: BlobStore;
  /** How the file of a message is asked for: the conversation may demand a route. */
  readonly fetchFor: (file: Pick<OfferedFile, "message" | "url">) => Fetch;
  readonly clock: Clock;
  readonly log: Logger;
  /** First wait before the next try; other than the limit only for tests that cannot wait. */
  readonly retryMs?: number;
}

interface SavedRow {
  /** Ids of message and file. */
  readonly key: string;
  readonly savedAs: string;
}

/** What the person asked for and what has not come to an end. */
interface WantedRow {
  readonly key: string;
  readonly offer: OfferedFile;
  /** Where it goes; null: by the conversation. */
  readonly folder: string | null;
  /** Of the first time that it was asked for. */
  readonly sinceMs: number;
  /** What holds what came; null before something did. */
  readonly upload: string | null;
}

/** What is on its way, as it is told, and how it is stopped. */
interface Job {
  view: ReceivedFile;
  readonly stop: AbortController;
  /** Ends a wait now. */
  wake: () => void;
  ended: Promise<void>;
}

const RECEIVED_FOLDER = "Received";
/** Of a message's id. */
const ID_CHARACTERS = 32;

export class Receiver {
  readonly #o: ReceiverOptions;
  readonly #saved: SealedTable<SavedRow>;
  readonly #wanted: SealedTable<WantedRow>;
  readonly #jobs = new Map<string, Job>();
  readonly #listeners = new Set<(file: ReceivedFile) => void>();

  constructor(options: ReceiverOptions) {
    this.#o = options;
    this.#saved = options.vault.table<SavedRow>({ name: "received_files", key: (row) => row.key });
    // Not in backups, where the uploads are not: what is restored elsewhere would begin to fetch by itself.
    const indexes = { unsaved: () => "yes" };
    this.#wanted = options.vault.table<WantedRow>({ name: "wanted_files", key: (row) => row.key, indexes });
  }

  /** Goes on with what was wanted when the program ended or the vault was locked. Throws LockedError. */
  resume(): void {
    for (const row of this.#wanted.list()) if (!this.#jobs.has(row.key)) this.#begin(row);
  }

  /**
   * Begins to save a file, into a folder (id or path) or into `/Received/<conversation>`. One that waits is tried at
   * once; one that is here or on its way is only told. Throws ValidationError `unknown_folder`, `too_many_receiving`.
   */
  save(offer: OfferedFile, folder?: string): ReceivedFile {
    const key = keyOf(offer.message, offer.id);
    const job = this.#jobs.get(key);
    if (job && job.view.state !== "failed") {
      job.wake();
      return job.view;
    }
    const saved = this.#savedView(this.#saved.get(key));
    if (saved) return saved;
    if (folder !== undefined) this.#o.library.folders.resolve(folder);
    if (!job) this.#makeRoom();
    const row = { key, offer, folder: folder ?? null, sinceMs: this.#o.clock.nowMs(), upload: null };
    this.#wanted.put(row);
    return this.#begin(row);
  }

  /** Stops a save; nothing of it stays. */
  cancel(message: string, file: string): void {
    const key = keyOf(message, file);
    const job = this.#jobs.get(key);
    if (!job) return;
    this.#jobs.delete(key);
    job.stop.abort(cancelled());
    this.#giveUp(key);
    this.#tell(job, { state: "cancelled", retryAt: null });
  }

  /** What is on its way, waits or failed, and the newest that were saved and are still in the library. */
  list(): ReceivedFile[] {
    const saved = this.#saved.list({ limit: RECEIVE_LIMITS.told, newestFirst: true });
    const running = [...this.#jobs.values()].map(({ view }) => view);
    return [...running, ...saved.flatMap((row) => this.#savedView(row) ?? [])];
  }

  /**
   * The plain content of a file, without keeping it here. Nothing is waited for before it has begun; then a break is
   * bridged by a few tries. Throws what `visitLink` throws.
   */
  async open(offer: OfferedFile, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    return (await this.#visit(offer, signal)).open();
  }

  onChange(listener: (file: ReceivedFile) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends everything that runs; call it before the vault is locked. What is wanted stays written down. */
  async stop(): Promise<void> {
    const jobs = [...this.#jobs.values()];
    this.#jobs.clear();
    for (const job of jobs) job.stop.abort(cancelled());
    await Promise.all(jobs.map(({ ended }) => ended));
  }

  /** What failed is told until there is need for its place. */
  #makeRoom(): void {
    if (this.#jobs.size < RECEIVE_LIMITS.files) return;
    const failed = [...this.#jobs].find(([, { view }]) => view.state === "failed");
    if (!failed) throw tooMany();
    this.#jobs.delete(failed[0]);
  }

  #begin({ key, offer, sinceMs }: WantedRow): ReceivedFile {
    const { message, id: file, name, bytes } = offer;
    const fresh = { done: 0, state: "fetching", retryAt: null, savedAs: null, error: null } as const;
    const view: ReceivedFile = { message, file, name, bytes, ...fresh };
    const job: Job = { view, stop: new AbortController(), wake: () => {}, ended: Promise.resolve() };
    // A program that was off for days has a day again, as long as what came is kept.
    const keptMs = Math.max(0, sinceMs + UPLOAD_LIMITS.keptMs - this.#o.clock.nowMs());
    const late = setTimeout(() => job.stop.abort(tookTooLong()), Math.min(RECEIVE_LIMITS.wholeMs, keptMs)).unref();
    this.#jobs.set(key, job);
    this.#tell(job, {});
    job.ended = this.#run(key, job)
      .then(
        (savedAs) => this.#finish(key, job, savedAs),
        (error: unknown) => this.#fail(key, job, error),
      )
      .finally(() => clearTimeout(late));
    return job.view;
  }

  async #run(key: string, job: Job): Promise<string> {
    const { library, blobs } = this.#o;
    const { offer } = this.#rowOf(key);
    const came = await this.#whatCame(key);
    // The program ended between the file and the note of it: nobody has to be asked.
    if (came?.file) return came.file.id;
    const visit = await this.#visit(offer, job.stop.signal, (error, failures) => this.#wait(job, error, failures));
    const { id, offset: there } = came ?? (await this.#newUpload(key));
    if (blobs.freeBytes() < visit.contentBytes - there + RECEIVE_LIMITS.spareBytes) throw diskFull();
    for (let offset = there; ; ) {
      job.stop.signal.throwIfAborted();
      try {
        const rest = offset < visit.bytes ? visit.open(offset) : nothing();
        const { file } = await library.uploads.append(id, offset, this.#counted(job, rest, offset));
        if (file) return file.id;
        throw differs(); // it ended early, and says that this was all
      } catch (error) {
        // Less of it was whole on the disk than it seemed.
        if (!(error instanceof UploadOffsetError) || error.offset === offset) throw error;
        offset = error.offset;
      }
    }
  }

  /** The upload that holds what came before; null if there is none. */
  async #whatCame(key: string): Promise<UploadView | null> {
    const { upload } = this.#rowOf(key);
    return upload === null ? null : this.#o.library.uploads.view(upload).catch(unlessUnknown);
  }

  async #newUpload(key: string): Promise<UploadView> {
    const { library } = this.#o;
    const { offer, folder } = this.#rowOf(key);
    const fresh = await library.uploads.begin({
      // Under the name that the person saw, as far as it is one: the link's manifest may say another.
      name: receivedName(offer.name),
      bytes: offer.bytes,
      cipher: "aes-256-gcm",
      folder: folder ?? this.#folderOf(offer.conversation),
      taken: "rename",
      fingerprint: `message ${toHex(sha256(utf8Encode(key)))}`,
      fromMessage: true,
    });
    this.#wanted.put({ ...this.#rowOf(key), upload: fresh.id });
    return fresh;
  }

  /** Throws if it is not wanted any more. */
  #rowOf(key: string): WantedRow {
    const row = this.#wanted.get(key);
    if (!row) throw cancelled();
    return row;
  }

  /** It is not wanted any more: what came of it goes, too. */
  #giveUp(key: string): void {
    const upload = this.#wanted.get(key)?.upload ?? null;
    this.#wanted.delete(key);
    if (upload === null) return;
    this.#o.library.uploads.remove(upload).catch((error: Error) => {
      this.#o.log.debug({ error: error.name }, "what came of a file is swept later");
    });
  }

  /** Refuses what is not as large as the message said: that is what the person agreed to. */
  async #visit({ url, bytes, message }: OfferedFile, signal: AbortSignal, broke?: Broke): Promise<VisitedLink> {
    const keys = (): EnvelopeKeys => this.#o.vault.identity();
    const visit = await visitLink(url, { fetch: this.#o.fetchFor({ message, url }), keys, signal, broke });
    if (visit.bytes !== bytes) throw differs();
    return visit;
  }

  async *#counted(job: Job, source: AsyncIterable<Uint8Array>, start: number): AsyncGenerator<Uint8Array> {
    let toldMs = 0;
    let done = start;
    for await (const piece of source) {
      done += piece.length;
      yield piece;
      const nowMs = performance.now();
      const isDue = nowMs - toldMs >= RECEIVE_LIMITS.progressMs || job.view.state === "waiting";
      if (!isDue) continue;
      toldMs = nowMs;
      this.#tell(job, { done, state: "fetching", retryAt: null });
    }
  }

  async #wait(job: Job, error: NocturneError, failures: number): Promise<void> {
    const { clock, retryMs = RECEIVE_LIMITS.retryMs } = this.#o;
    const { signal } = job.stop;
    const waitMs = Math.min(retryMs * 2 ** (failures - 1), RECEIVE_LIMITS.retryMaxMs);
    const asked = new AbortController();
    job.wake = () => asked.abort();
    this.#tell(job, {
      state: "waiting",
      retryAt: new Date(clock.nowMs() + waitMs).toISOString(),
      error: errorOf(error),
    });
    await sleep(waitMs, undefined, { signal: AbortSignal.any([signal, asked.signal]) }).catch(() => {});
    job.wake = () => {};
    signal.throwIfAborted();
    this.#tell(job, { state: "fetching", retryAt: null, error: null });
  }

  #finish(key: string, job: Job, savedAs: string): void {
    // Cancelled or locked at the last moment: what is in the library stays there.
    if (this.#jobs.get(key) !== job) return;
    this.#jobs.delete(key);
    this.#o.vault.transaction(() => {
      this.#saved.put({ key, savedAs });
      this.#wanted.delete(key);
    });
    const { bytes } = job.view;
    this.#tell(job, { ...this.#savedView({ key, savedAs }), done: bytes, state: "saved", retryAt: null, error: null });
  }

  #fail(key: string, job: Job, thrown: unknown): void {
    if (this.#jobs.get(key) !== job) return;
    const error = thrown instanceof NocturneError ? thrown : toNocturneError(thrown);
    this.#o.log.info({ code: error.code }, "a file of a message could not be saved");
    this.#giveUp(key);
    this.#tell(job, { state: "failed", retryAt: null, error: errorOf(error) });
  }

  /** A place for the files of a conversation; where a file has its name, the folder above. */
  #folderOf(conversation: string): string {
    const { library } = this.#o;
    let folder = TOP;
    for (const wanted of [RECEIVED_FOLDER, conversation.replaceAll(/[/\\]/g, "-")]) {
      const name = usableFileName(wanted);
      const there = name === null ? null : library.tables.folderAt(folder, name);
      if (name === null || (!there && library.tables.isTaken(folder, name))) return folder;
      folder = there?.id ?? library.makeFolder(name, folder).id;
    }
    return folder;
  }

  #savedView(row: SavedRow | null): ReceivedFile | null {
    const found = row && this.#o.library.find(row.savedAs);
    if (!row || !found) return null;
    const [message, file] = [row.key.slice(0, ID_CHARACTERS), row.key.slice(ID_CHARACTERS)];
    const { id, name, bytes, path, folder } = found;
    const savedAs = { id, path, folder };
    return { message, file, name, bytes, done: bytes, state: "saved", retryAt: null, savedAs, error: null };
  }

  #tell(job: Job, change: Partial<ReceivedFile>): void {
    job.view = { ...job.view, ...change };
    for (const listener of this.#listeners) listener(job.view);
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function unlessUnknown(error: unknown): null {
  if (error instanceof ValidationError && error.code === "unknown_upload") return null;
  throw error;
}

/** A message's id has a fixed length; a file's is whatever its sender chose. */
function keyOf(message: string, file: string): string {
  return message + file;
}

/** What a file from somebody else is called here: nothing that leads out of a folder, or deceives. */
export function receivedName(name: string): string {
  return usableFileName(name) ?? "file";
}

function errorOf({ code, message, hint }: NocturneError): NonNullable<ReceivedFile["error"]> {
  return { code, message, hint: hint ?? null };
}

function cancelled(): ValidationError {
  return new ValidationError("cancelled", "This was stopped.");
}

function tookTooLong(): NetworkError {
  return new NetworkError("link_unreachable", "The sender's machine was not within reach for too long.", {
    hint: "Try again when it is running.",
  });
}

function tooMany(): ValidationError {
  return new ValidationError("too_many_receiving", `Already ${RECEIVE_LIMITS.files} files are being fetched.`, {
    hint: "Wait until some are here, or stop one.",
  });
}
