/**
 * One person's end of hidden mail, made of the product's parts: vault, lanes, mailbox, streams, post.
 *
 *   send -> CellPost -> Streams -> pool            cell of the crowd -> Mailbox -> number of the letter
 *
 * Sessions are there from the beginning, so that no cell is an intro. For scoring alone, each real cell is told as it
 * leaves; what sends it knows nothing of that.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { concatBytes, toHex, u32 } from "../../src/core/bytes.ts";
import type { Clock, Timers } from "../../src/core/clock.ts";
import { createLogger } from "../../src/core/log.ts";
import { randomBytes } from "../../src/core/random.ts";
import { type Cell, PIECE_BYTES } from "../../src/messaging/cell/cell.ts";
import { CellPost } from "../../src/messaging/cell/cell-post.ts";
import { Lanes } from "../../src/messaging/cell/lanes.ts";
import { Mailbox } from "../../src/messaging/cell/mailbox.ts";
import { type StreamLaw, Streams, type StreamsOptions } from "../../src/messaging/cover/streams.ts";
import type { VerifiedEvent } from "../../src/nostr/event.ts";
import type { RelayPool } from "../../src/route/relay-pool.ts";
import { openVault, type Vault } from "../../src/vault/vault.ts";
import type { Letter } from "./social-world.ts";

const EPOCH = "02".repeat(16);
/** Parcel and session heads. */
const HEAD_BYTES = 33;
const SHORT_BYTES = 400;

export interface MailPersonOptions {
  readonly law: StreamLaw;
  readonly pool: RelayPool;
  readonly time: Clock & Timers;
  readonly relays: readonly string[];
  /** The law of real cells if they do not take the place of dummies: a naive sender. */
  readonly naive?: StreamLaw;
  readonly onReal: (id: string, letter: Letter) => void;
}

export class MailPerson {
  readonly #o: MailPersonOptions;
  readonly #vault: Vault;
  readonly #folder: string;
  readonly #lanes: Lanes;
  readonly #streams: readonly Streams[];
  readonly #real: MarkedStreams;
  readonly #post: CellPost;
  readonly #mailbox: Mailbox;
  readonly #sessions = new Map<MailPerson, string>();

  static async open(options: MailPersonOptions): Promise<MailPerson> {
    const dataDir = mkdtempSync(join(tmpdir(), "nocturne-privacy-"));
    return new MailPerson(
      options,
      await openVault({ dataDir, clock: options.time, log: createLogger("silent") }),
      dataDir,
    );
  }

  private constructor(options: MailPersonOptions, vault: Vault, folder: string) {
    const { pool, time, law, naive, relays, onReal } = options;
    this.#o = options;
    this.#vault = vault;
    this.#folder = folder;
    this.#lanes = new Lanes(vault, this.device);
    const base = { pool, clock: time, timers: time };
    this.#real = new MarkedStreams({ ...base, law: naive ?? law }, onReal);
    this.#streams = naive ? [this.#real, new Streams({ ...base, law })] : [this.#real];
    for (const streams of this.#streams) streams.follow(relays, []);
    this.#post = new CellPost({ streams: this.#real, lanes: this.#lanes, clock: time });
    this.#mailbox = new Mailbox(this.#lanes, vault.identity());
  }

  get device(): string {
    return this.#vault.identity().device;
  }

  /** From now on both can write to each other. */
  meet(other: MailPerson): void {
    const exported = randomBytes(32);
    const session = toHex(randomBytes(16));
    for (const [one, two] of [
      [this, other],
      [other, this],
    ] as const) {
      one.#vault.transaction(() => one.#lanes.add(session, EPOCH, exported, [two.device]));
      one.#sessions.set(two, session);
    }
  }

  send(letter: Letter, to: MailPerson): void {
    const session = this.#sessions.get(to) as string;
    const bytes = letter.cells === 1 ? SHORT_BYTES : letter.cells * PIECE_BYTES - HEAD_BYTES;
    const body = concatBytes(u32(letter.number), randomBytes(bytes - 4));
    const parcel = { kind: "session", session, epoch: EPOCH, body } as const;
    this.#real.letter = letter;
    void this.#post.send(
      parcel,
      { publicKey: to.device, hybridPublicKey: null },
      { session, epoch: EPOCH },
      this.#o.relays,
    );
  }

  /** The number of the letter that this cell completes, if it is for us; else null. Does not look for intros. */
  take(cell: Cell): number | null {
    if (!this.#lanes.find(cell.address)) return null;
    const arrival = this.#mailbox.takeCell(cell);
    if (arrival?.parcel.kind !== "session") return null;
    this.#vault.transaction(() => arrival.note());
    return Buffer.from(arrival.parcel.body).readUInt32BE();
  }

  close(): void {
    for (const streams of this.#streams) streams.close();
    this.#vault.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The product's streams; which cells are real is noted beside them. */
class MarkedStreams extends Streams {
  letter: Letter | null = null;
  readonly #onReal: MailPersonOptions["onReal"];

  constructor(options: StreamsOptions, onReal: MailPersonOptions["onReal"]) {
    super(options);
    this.#onReal = onReal;
  }

  override send(url: string, make: () => VerifiedEvent): Promise<boolean> {
    const letter = this.letter as Letter;
    return super.send(url, () => {
      const cell = make();
      this.#onReal(cell.id, letter);
      return cell;
    });
  }
}
