/**
 * Forward-secret conversations beside NIP-17 as nostr-tools does it, both without relay and disk:
 *
 *   seal  letter -> MLS message -> frame -> signed event -> JSON      peer: wrapEvent -> JSON
 *   open  JSON -> parsed event, its id checked -> frame -> MLS -> letter
 *                                                                     peer: JSON -> verifyEvent -> unwrapEvent
 *
 * A frame proves itself, so that the product never checks the signature of its wrap; the peer's wrap holds a letter only
 * if the signature of the seal inside is right, and its users check the wrap's on arrival. The floor of a message is one
 * AES-256-GCM, one Ed25519 signature, made or checked, the HMACs of five HKDF steps and, to seal, one Schnorr signature,
 * with our own primitives. Groups are assembled by one commit of their founder. "Fresh" is such a group, in
 * which no inner key of the tree is known and a renewal is sealed for each member alone; "settled" is one in which
 * members everywhere have renewed since.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Worker } from "node:worker_threads";
import { unwrapEvent, wrapEvent } from "nostr-tools/nip17";
import { generateSecretKey, getPublicKey, verifyEvent as verifyWithNoble } from "nostr-tools/pure";
import { systemClock } from "../src/core/clock.ts";
import { NocturneError } from "../src/core/errors.ts";
import { concatBytes, toHex } from "../src/core/bytes.ts";
import { CELL_LIMITS } from "../src/core/cell-limits.ts";
import { SESSION_LIMITS } from "../src/core/limits.ts";
import { createLogger } from "../src/core/log.ts";
import { randomBytes } from "../src/core/random.ts";
import { aesGcmKey, hmac } from "../src/crypto/provider.ts";
import { ed25519 } from "../src/crypto/signing.ts";
import { ephemeralKey, openCell, readCell, sealCell } from "../src/messaging/cell/cell.ts";
import { laneAddress, type LaneKeys, laneKeys } from "../src/messaging/cell/cell-keys.ts";
import { cutParcel, encodeParcel } from "../src/messaging/cell/parcel.ts";
import { encodeCredential, isCertified } from "../src/messaging/session/device.ts";
import { encodeState, exportKey, membersOf, type MlsState } from "../src/messaging/session/mls.ts";
import { commitChanges, headOf, receive, sealContent, type Session } from "../src/messaging/session/session.ts";
import { SessionStore } from "../src/messaging/session/session-store.ts";
import { parseEvent, signEvent, verifyId } from "../src/nostr/event.ts";
import { openVault } from "../src/vault/vault.ts";
import { type Bench, type BenchOptions, median, type Row, row } from "./report.ts";
import { assemble, type Group, joined, letterOf, newDevice, settled } from "./support/conversation.ts";

const PEER = "nostr-tools 2.25.2, NIP-17";
const SEAL_FLOOR = "AES-GCM, Ed25519, 5 HMAC, Schnorr";
const OPEN_FLOOR = "AES-GCM, Ed25519, 5 HMAC";
const WARM_UP = 1;
const ROUNDS = 5;
const SIZES = [100, 1_000];
const GOAL = 20;

/** Kind, session and epoch. */
const PARCEL_HEAD_BYTES = 33;

type Work = () => unknown;

async function timeMs(work: Work, times: number = 1): Promise<number> {
  const startedMs = performance.now();
  for (let i = 0; i < times; i++) await work();
  return performance.now() - startedMs;
}

/** Of the processor, not of the clock: what else the machine does counts little. */
async function rateOf(work: Work, times: number): Promise<number> {
  const started = process.cpuUsage();
  for (let i = 0; i < times; i++) await work();
  const { user, system } = process.cpuUsage(started);
  return (times * 1_000_000) / (user + system);
}

async function medianMs(work: Work, times: number): Promise<number> {
  const taken: number[] = [];
  for (let i = 0; i < times; i++) taken.push(await timeMs(work));
  return median(taken);
}

interface Lanes {
  readonly epoch: string;
  readonly out: LaneKeys;
  readonly in: LaneKeys;
  /** Cells sent and seen. */
  sent: number;
  seen: number;
}

/** One side of a conversation of two, as the messenger puts session, cells and events together. */
class Side {
  session: Session;
  #lanes: Lanes | null = null;

  constructor(session: Session) {
    this.session = session;
  }

  async seal(content: Uint8Array): Promise<string> {
    const lanes = await this.#epochLanes();
    const { session, outgoing } = await sealContent(this.session, content, Date.now());
    this.session = session;
    return cellsOf(lanes, this.session.id, outgoing.message).join("\n");
  }

  async renew(): Promise<string> {
    const lanes = await this.#epochLanes();
    const made = await commitChanges(this.session, {}, Date.now());
    this.session = made.session;
    return cellsOf(lanes, this.session.id, made.commit.message).join("\n");
  }

  async open(cells: string): Promise<void> {
    const lanes = await this.#epochLanes();
    const pieces = cells.split("\n").map((json) => openNext(lanes, json));
    const body = concatBytes(...pieces).subarray(PARCEL_HEAD_BYTES);
    this.session = (await receive(this.session, lanes.epoch, body, Date.now())).session;
  }

  async #epochLanes(): Promise<Lanes> {
    const { id, state } = headOf(this.session);
    if (this.#lanes?.epoch === id) return this.#lanes;
    const exported = await exportKey(state as MlsState, "cell/v1");
    const own = this.session.device;
    const other = membersOf(state as MlsState).find(({ device }) => device !== own)?.device ?? "";
    const keys = { out: laneKeys(exported, own, other), in: laneKeys(exported, other, own) };
    this.#lanes = { epoch: id, ...keys, sent: 0, seen: 0 };
    return this.#lanes;
  }
}

function cellsOf(lanes: Lanes, session: string, body: Uint8Array): string[] {
  return cutParcel(encodeParcel({ kind: "session", session, epoch: lanes.epoch, body })).map((piece) => {
    const address = laneAddress(lanes.out, lanes.sent++);
    const { publicKey } = ephemeralKey();
    return JSON.stringify(sealCell(lanes.out.seal, address, { ...piece, heard: 0 }, publicKey, Date.now()));
  });
}

function openNext(lanes: Lanes, json: string): Uint8Array {
  const event = verifyId(parseEvent(JSON.parse(json)));
  const cell = event && readCell(event);
  if (cell?.address !== toHex(laneAddress(lanes.in, lanes.seen++))) throw new Error("a cell got lost");
  return openCell(lanes.in.seal, cell).bytes;
}

async function twoSides(): Promise<[Side, Side]> {
  const group = await assemble(2);
  return [new Side(group.founder), new Side(await joined(group, 1))];
}

/** What no message of this kind can do without: to seal it, and to open it. */
function floorOf(content: Uint8Array): { seal: Work; open: Work } {
  const key = randomBytes(32);
  const aes = aesGcmKey(key);
  const room = new Uint8Array(content.length + 16);
  const own = ed25519.createKeyPair(randomBytes(32));
  const event = signEvent({ kind: 1059, created_at: 1, tags: [["p", "ab".repeat(32)]], content: "" }, key);
  const signature = ed25519.sign(content, own.secretKey);
  const both = () => {
    aes.sealInto(room, key.subarray(0, 12), content, key);
    for (let i = 0; i < 5; i++) hmac("sha512", key, key);
  };
  return {
    seal: () => [both(), ed25519.sign(content, own.secretKey), signEvent(event, key)],
    open: () => [both(), ed25519.verify(content, signature, own.publicKey)],
  };
}

interface Rates {
  readonly seal: number;
  readonly open: number;
  readonly wrap: number;
  readonly unwrap: number;
  readonly sealFloor: number;
  readonly openFloor: number;
}

/** Each a processor second; all in turn, so that a disturbance meets every one of them. */
async function measureRates(textBytes: number, messages: number): Promise<Rates> {
  const text = "x".repeat(textBytes);
  const letter = letterOf(textBytes);
  const [ada, bob] = await twoSides();
  const floor = floorOf(letter);
  const [sender, recipient] = [generateSecretKey(), generateSecretKey()];
  const to = { publicKey: getPublicKey(recipient) };
  const wraps = Math.ceil(messages / 10);
  const rounds: Rates[] = [];
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    const sealed: string[] = [];
    const wrapped: string[] = [];
    rounds.push({
      seal: await rateOf(async () => sealed.push(await ada.seal(letter)), messages),
      wrap: await rateOf(() => wrapped.push(JSON.stringify(wrapEvent(sender, to, text))), wraps),
      open: await rateOf(() => bob.open(sealed.shift() as string), messages),
      unwrap: await rateOf(() => unwrap(wrapped.shift() as string, recipient), wraps),
      sealFloor: await rateOf(floor.seal, messages),
      openFloor: await rateOf(floor.open, messages),
    });
  }
  const middle = (name: keyof Rates) => median(rounds.slice(WARM_UP).map((rates) => rates[name]));
  return {
    seal: middle("seal"),
    open: middle("open"),
    wrap: middle("wrap"),
    unwrap: middle("unwrap"),
    sealFloor: middle("sealFloor"),
    openFloor: middle("openFloor"),
  };
}

function unwrap(json: string, recipient: Uint8Array): void {
  const event = JSON.parse(json);
  if (!verifyWithNoble(event)) throw new Error("a wrap that does not verify");
  unwrapEvent(event, recipient);
}

async function messageRows(messages: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const bytes of SIZES) {
    const { seal, open, wrap, unwrap: unwrapped, sealFloor, openFloor } = await measureRates(bytes, messages);
    const unit = "messages/s";
    rows.push(
      row({ metric: `seal ${bytes} B`, unit, ours: seal, peer: PEER, theirs: wrap, goal: GOAL }),
      row({ metric: `open ${bytes} B`, unit, ours: open, peer: PEER, theirs: unwrapped, goal: GOAL }),
      row({ metric: `seal ${bytes} B, beside its floor`, unit, ours: seal, peer: SEAL_FLOOR, theirs: sealFloor }),
      row({ metric: `open ${bytes} B, beside its floor`, unit, ours: open, peer: OPEN_FLOOR, theirs: openFloor }),
    );
  }
  return rows;
}

/** Sealed by one, opened by the other, and the keys renewed as often as they are. */
async function sustainedRow(messages: number): Promise<Row> {
  const letter = letterOf(100);
  const [ada, bob] = await twoSides();
  const [sender, recipient] = [generateSecretKey(), generateSecretKey()];
  const to = { publicKey: getPublicKey(recipient) };
  const epoch = async () => {
    for (let i = 0; i < SESSION_LIMITS.messagesPerEpoch; i++) await bob.open(await ada.seal(letter));
    await bob.open(await ada.renew());
  };
  await timeMs(epoch, 5);
  const ours =
    SESSION_LIMITS.messagesPerEpoch * (await rateOf(epoch, Math.ceil(messages / SESSION_LIMITS.messagesPerEpoch)));
  const theirs = await rateOf(
    () => unwrap(JSON.stringify(wrapEvent(sender, to, "x".repeat(100))), recipient),
    Math.ceil(messages / 10),
  );
  const metric = `seal and open 100 B, keys renewed every ${SESSION_LIMITS.messagesPerEpoch} messages`;
  return row({
    metric,
    unit: "messages/s",
    ours,
    peer: `${PEER}, never renewed`,
    theirs,
  });
}

async function wireRows(): Promise<Row[]> {
  const [ada] = await twoSides();
  const [sender, recipient] = [generateSecretKey(), generateSecretKey()];
  const rows: Row[] = [];
  for (const bytes of SIZES) {
    const theirs = JSON.stringify(wrapEvent(sender, { publicKey: getPublicKey(recipient) }, "x".repeat(bytes))).length;
    const ours = (await ada.seal(letterOf(bytes))).length;
    rows.push(row({ metric: `event of ${bytes} B text`, unit: "B", ours, peer: PEER, theirs, better: "lower" }));
  }
  return rows;
}

/** Renewal in a group, made by its founder and taken by the member beside him. */
async function renewalRows(group: Group, quick: boolean): Promise<Row[]> {
  const fresh = { founder: group.founder, second: await joined(group, 1) };
  const states = group.count > 2 ? { fresh, settled: await settled(group) } : { fresh };
  const rows: Row[] = [];
  for (const [name, { founder, second }] of Object.entries(states)) {
    const times = quick ? 3 : 9;
    const { commit } = await commitChanges(founder, {}, Date.now());
    const makeMs = await medianMs(() => commitChanges(founder, {}, Date.now()), times);
    const takeMs = await medianMs(() => receive(second, commit.epoch, commit.message, Date.now()), times);
    const what = `renewal, ${group.count} devices${group.count > 2 ? `, ${name}` : ""}`;
    rows.push(informs(`${what}: make`, "ms", makeMs), informs(`${what}: take`, "ms", takeMs));
    rows.push(commitBytesRow(what, commit.message));
  }
  return rows;
}

/** Whole events, for each other device; the commit alone where it travels as a blob. */
function commitBytesRow(what: string, message: Uint8Array): Row {
  if (message.length > CELL_LIMITS.messageBytes) return informs(`${what}: commit, in a blob`, "B", message.length);
  const lanes = { epoch: "00".repeat(16), ...sampleLanes(), sent: 0, seen: 0 };
  const bytes = cellsOf(lanes, "00".repeat(16), message).reduce((sum, cell) => sum + cell.length, 0);
  return informs(`${what}: cells`, "B", bytes);
}

function sampleLanes(): Pick<Lanes, "out" | "in"> {
  const keys = laneKeys(randomBytes(32), "ab".repeat(32), "cd".repeat(32));
  return { out: keys, in: keys };
}

async function groupRows(count: number, quick: boolean): Promise<Row[]> {
  const group = await assemble(count);
  const renewals = await renewalRows(group, quick);
  if (count === 2) return [...renewals, ...(await stateRows(group, quick))];
  const [cold = Number.NaN, ...warm] = await joinTimes(group);
  const what = `${count} devices`;
  return [
    informs(`add all, ${what}: make`, "ms", group.addMs),
    informs(`add all, ${what}: welcome`, "B", group.welcome.length),
    informs(`add all, ${what}: commit`, "B", group.commitBytes),
    informs(`join, ${what}: nobody's certificate known`, "ms", cold),
    informs(`join, ${what}: certificates known`, "ms", median(warm)),
    ...renewals,
    ...(await stateRows(group, quick)),
  ];
}

function joinTimes(group: Group): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL("./support/join-group.ts", import.meta.url), { workerData: group });
    thread.once("message", resolve).once("error", reject);
  });
}

/** What one message changes on the disk: the row of its epoch, which after a commit holds the commit, too. */
async function stateRows({ founder, count }: Group, quick: boolean): Promise<Row[]> {
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-bench-"));
  using vault = await openVault({ dataDir, clock: systemClock, log: createLogger("silent") });
  try {
    const store = new SessionStore(vault);
    const about = { conversation: founder.id, kind: "group", createdMs: 0 } as const;
    const { session } = await sealContent(founder, letterOf(100), Date.now());
    const keep = async () => vault.transaction((await store.prepare(founder, session, about)).store);
    const what = `state, ${count} devices`;
    const encodeMs = await medianMs(() => store.prepare(founder, session, about), quick ? 20 : 50);
    const rows = [
      informs(what, "B", encodeState(headOf(session).state as MlsState).length),
      informs(`${what}: encode`, "ms", encodeMs),
    ];
    try {
      rows.push(informs(`${what}: encode, seal, commit to disk`, "ms", await medianMs(keep, quick ? 20 : 50)));
      rows.push(informs(`${what}: read from disk`, "ms", await medianMs(() => store.load(founder.id), quick ? 5 : 20)));
    } catch (error) {
      const skipped = error instanceof NocturneError ? error.code : String(error);
      rows.push(row({ metric: `${what}: to disk`, unit: "ms", ours: 0, peer: null, theirs: null, skipped }));
    }
    return rows;
  } finally {
    vault.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function certificateRows(): Promise<Row[]> {
  const devices = Array.from({ length: 20 }, newDevice);
  const check = (device: (typeof devices)[number]) => isCertified(encodeCredential(device), device.signature.publicKey);
  const coldMs = (await timeMs(() => devices.every(check))) / devices.length;
  const warmMs = (await timeMs(() => devices.every(check), 50)) / (50 * devices.length);
  return [informs("certificate, first time", "ms", coldMs), informs("certificate, known", "ms", warmMs)];
}

function informs(metric: string, unit: string, ours: number): Row {
  return row({ metric, unit, ours, peer: null, theirs: null, better: unit === "messages/s" ? "higher" : "lower" });
}

async function run({ quick }: BenchOptions): Promise<Row[]> {
  const messages = quick ? 200 : 1_000;
  const rows = [...(await messageRows(messages)), await sustainedRow(messages), ...(await wireRows())];
  rows.push(...(await certificateRows()));
  for (const count of quick ? [2, 10] : [2, 10, 50, 200]) rows.push(...(await groupRows(count, quick)));
  return rows;
}

export const conversationsBench: Bench = {
  name: "conversations",
  about: "forward-secret messages, commits and joining, beside NIP-17 wraps",
  run,
};
