/**
 * What a node does for whom, and the answer to each request.
 *
 *   anybody            FETCH, AUDIT: what lies here is sealed, and whoever knows its name was told it
 *   owner, carer       STORE, RECEIPT, RENEW, ROOM, RELEASED
 *   owner alone        DROP, CARE
 */
import { concatBytes } from "../../core/bytes.ts";
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { inclusionProof, merkleRoot } from "../../crypto/merkle-tree.ts";
import type { SignatureKeyPair } from "../../crypto/signing.ts";
import type { Note } from "../ledger/entry.ts";
import { type NodeId, nodeIdOf, type OwnerId } from "../node-id.ts";
import type { FragmentId } from "../pieces/fragment-tree.ts";
import { giveBackBody } from "../pieces/spare-bodies.ts";
import type { FragmentDisk, FragmentReader, FragmentRef, LeafQuestion } from "../rooms.ts";
import { encodeLeafProof, encodeLeft } from "./answers.ts";
import { FRAME, type FrameType } from "./frames.ts";
import type { Guest, Guests } from "./guests.ts";
import { readProof } from "./proof.ts";
import { signReceipt } from "./receipt.ts";
import { Refusal } from "./refusal.ts";
import { encodeNames, readAudit, readCare, readFetch, readNames, readReceiptAsked, readRenew } from "./requests.ts";
import type { Inflow, Job, Visit } from "./session.ts";
import type { Wire } from "./wire.ts";

/** Takes over the care for a file. */
export type Care = (careKey: Uint8Array, untilMs: number, owner: OwnerId) => Promise<void>;

export interface ServiceOptions {
  readonly key: SignatureKeyPair;
  readonly disk: FragmentDisk;
  readonly guests: Guests;
  readonly clock: Clock;
  readonly log: Logger;
  readonly care: Care | null;
  /** An owner, or who acts for her, keeps these elsewhere too. */
  readonly released: (owner: OwnerId, ids: readonly FragmentId[]) => void;
  readonly note: Note;
}

/** Of a fragment, read and sent at a time. */
const LEAVES_PER_FRAME = MESH_LIMITS.frameBytes / MESH_LIMITS.leafBytes;
/** The same while memory is scarce. */
const SCARCE_LEAVES = LEAVES_PER_FRAME / 4;
const NOTHING = new Uint8Array(0);

export class Service {
  readonly #options: ServiceOptions;
  readonly #node: NodeId;
  readonly #done = { stored: 0, sent: 0, shown: 0, notShown: 0 };

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#node = nodeIdOf(options.key.publicKey);
  }

  /** Fragments that were stored and sent; questions of audits that were answered, and that could not be. */
  get done(): Readonly<{ stored: number; sent: number; shown: number; notShown: number }> {
    return this.#done;
  }

  /** Throws what is to be told to the client; see `refusalOf`. */
  async serve(job: Job, visit: Visit): Promise<void> {
    const answer = this.#answers[job.type];
    if (!answer) throw new Refusal("bad_request");
    await answer(job, visit);
  }

  readonly #answers: Partial<Record<FrameType, (job: Job, visit: Visit) => Promise<void>>> = {
    [FRAME.proof]: (job, visit) => this.#prove(job, visit),
    [FRAME.store]: ({ inflow }, visit) => this.#store(inflow as Inflow, visit),
    [FRAME.receipt]: (job, visit) => this.#receipt(job, visit),
    [FRAME.fetch]: (job, visit) => this.#fetch(job, visit),
    [FRAME.audit]: (job, visit) => this.#audit(job, visit),
    [FRAME.renew]: (job, visit) => this.#renew(job, visit),
    [FRAME.drop]: (job, visit) => this.#drop(job, visit),
    [FRAME.room]: (job, visit) => this.#room(job, visit),
    [FRAME.care]: (job, visit) => this.#care(job, visit),
    [FRAME.released]: (job, visit) => this.#release(job, visit),
  };

  async #prove({ body }: Job, visit: Visit): Promise<void> {
    if (visit.client) throw new Refusal("bad_request");
    visit.client = readProof(body, visit.challenge, this.#node, this.#options.clock.nowMs());
    if (!visit.client) throw new Refusal("bad_proof");
    await visit.wire.send(FRAME.welcome);
  }

  async #store({ asked, pieces }: Inflow, visit: Visit): Promise<void> {
    const { disk, guests } = this.#options;
    const guest = this.#guest(visit);
    const request = { ...asked, owner: guest.owner, untilMs: this.#granted(asked.untilMs) };
    const isHere = disk.held(guest.owner, [asked.id]).some(({ trashedAtMs }) => trashedAtMs === null);
    const settle = isHere ? () => {} : guests.admit(guest, asked.bytes);
    try {
      const arrival = await disk.begin(request);
      if (!arrival) return await visit.wire.send(FRAME.had);
      try {
        let missing = asked.bytes;
        for await (const piece of pieces) {
          missing -= piece.length;
          try {
            await arrival.write(piece);
            giveBackBody(piece);
          } finally {
            await visit.wire.took(piece.length);
          }
        }
        if (missing > 0) throw new Refusal("given_up");
        await arrival.finish();
      } finally {
        await arrival.abort();
      }
      this.#done.stored++;
    } finally {
      settle();
    }
    await visit.wire.send(FRAME.stored);
  }

  async #receipt({ body }: Job, visit: Visit): Promise<void> {
    const { disk, key, clock, note } = this.#options;
    const { owner } = this.#guest(visit);
    const asked = understood(readReceiptAsked(body));
    const held = new Map(
      disk
        .held(
          owner,
          asked.map(({ id }) => id),
        )
        .map((lease) => [lease.id, lease]),
    );
    const kept = asked.flatMap(({ id, bytes }) => {
      const lease = held.get(id);
      return lease && lease.trashedAtMs === null && lease.bytes === bytes ? [lease] : [];
    });
    const untilMs = kept.reduce((least, lease) => Math.min(least, lease.untilMs), Number.POSITIVE_INFINITY);
    const said = { owner, untilMs: kept.length > 0 ? untilMs : 0, madeAtMs: clock.nowMs(), fragments: kept };
    const receipt = signReceipt(said, key);
    await note("receipt", receipt);
    await visit.wire.send(FRAME.signed, receipt);
  }

  async #fetch({ body }: Job, { wire, isScarce }: Visit): Promise<void> {
    const { first, count, ...fragment } = understood(readFetch(body));
    const opened = await this.#open(fragment);
    if (!opened) throw new Refusal("fragment_missing");
    await using reader = opened;
    await wire.send(FRAME.hashes, concatBytes(...reader.hashes));
    for (let at = first; at < first + count; ) {
      const leaves = Math.min(isScarce() ? SCARCE_LEAVES : LEAVES_PER_FRAME, first + count - at);
      const from = at;
      at += leaves;
      const length = Math.min(at * MESH_LIMITS.leafBytes, fragment.bytes) - from * MESH_LIMITS.leafBytes;
      await wire.sendRead(length, () => reader.read(from, leaves));
    }
    this.#done.sent++;
  }

  async #audit({ body }: Job, { wire }: Visit): Promise<void> {
    for (const question of understood(readAudit(body))) {
      const opened = await this.#open(question);
      if (!opened) await wire.send(FRAME.missing);
      const isShown = opened !== null && (await this.#show(opened, question, wire));
      this.#done[isShown ? "shown" : "notShown"]++;
    }
  }

  async #show(opened: FragmentReader, question: LeafQuestion, wire: Wire): Promise<boolean> {
    await using reader = opened;
    const { hashes } = reader;
    await wire.send(FRAME.shown, merkleRoot(hashes));
    let isWhole = true;
    for (const index of question.leaves) {
      const leaf = await this.#leaf(reader, index, question);
      isWhole &&= leaf.length > 0;
      await wire.sendData(encodeLeafProof({ leaf, path: inclusionProof(hashes, index) }));
    }
    return isWhole;
  }

  /** A leaf that the disk does not give is shown as nothing: that is what is wrong with it, and others are asked for too. */
  #leaf(reader: FragmentReader, index: number, { id }: LeafQuestion): Promise<Uint8Array> {
    return reader.read(index, 1).catch(() => {
      this.#options.log.warn({ fragment: id, leaf: index }, "a leaf could not be read");
      return NOTHING;
    });
  }

  async #renew({ body }: Job, visit: Visit): Promise<void> {
    const { owner } = this.#guest(visit);
    const { ids, untilMs } = understood(readRenew(body));
    await visit.wire.send(FRAME.names, encodeNames(await this.#options.disk.renew(owner, ids, this.#granted(untilMs))));
  }

  async #drop({ body }: Job, visit: Visit): Promise<void> {
    const owner = this.#owner(visit);
    const dropped = await this.#options.disk.drop(owner, understood(readNames(body)));
    this.#options.guests.changed(owner);
    await visit.wire.send(FRAME.names, encodeNames(dropped));
  }

  async #room({ body }: Job, visit: Visit): Promise<void> {
    const { disk, guests } = this.#options;
    if (body.length > 0) throw new Refusal("bad_request");
    const { maxBytes, usedBytes } = disk.usage();
    const left = Math.min(maxBytes - usedBytes, guests.left(this.#guest(visit)));
    await visit.wire.send(FRAME.left, encodeLeft(Math.max(0, left)));
  }

  async #care({ body }: Job, visit: Visit): Promise<void> {
    const owner = this.#owner(visit);
    const { careKey, untilMs } = understood(readCare(body));
    if (!this.#options.care) throw new Refusal("no_care");
    await this.#options.care(careKey, this.#granted(untilMs), owner);
    await visit.wire.send(FRAME.caring);
  }

  async #release({ body }: Job, visit: Visit): Promise<void> {
    const { owner } = this.#guest(visit);
    this.#options.released(owner, understood(readNames(body)));
    await visit.wire.send(FRAME.noted);
  }

  async #open({ id, bytes }: FragmentRef): Promise<FragmentReader | null> {
    const reader = await this.#options.disk.open(id);
    if (!reader || reader.bytes === bytes) return reader;
    await reader[Symbol.asyncDispose]();
    return null;
  }

  /** The owner, or who may act for him; a carer's right may have ended meanwhile. */
  #guest({ client, domain }: Visit): Guest {
    const isLive = client && (client.careUntilMs === null || client.careUntilMs > this.#options.clock.nowMs());
    if (!isLive) throw new Refusal("not_allowed");
    return { owner: client.owner, voucher: client.voucher, domain };
  }

  #owner({ client }: Visit): OwnerId {
    if (!client || client.careUntilMs !== null) throw new Refusal("not_allowed");
    return client.owner;
  }

  /** Until when, of what was asked for. */
  #granted(untilMs: number): number {
    const nowMs = this.#options.clock.nowMs();
    if (untilMs <= nowMs) throw new Refusal("bad_request");
    return Math.min(untilMs, nowMs + MESH_LIMITS.leaseMaxMs);
  }
}

function understood<T>(request: T | null): T {
  if (request === null) throw new Refusal("bad_request");
  return request;
}
