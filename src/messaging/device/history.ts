/**
 * What a new device is given of the past: settings, devices, people, conversations, and the newest messages.
 *
 *   main      items -> parts of at most historyPartBytes -> blobs on our relays -> a sync item that says where each lies
 *   newcomer  part after part, in order -> the same rules as for any other item
 *
 * Messages of one conversation come together and in their order. What arrived live meanwhile is put after them again, so
 * that the conversation reads as on the main device. Disappearing messages are in no history.
 */

import * as v from "valibot";
import { utf8Decode, utf8Encode } from "../../core/bytes.ts";
import type { Clock } from "../../core/clock.ts";
import { CodecError } from "../../core/errors.ts";
import { DEVICE_LIMITS } from "../../core/limits.ts";
import type { Account } from "../../vault/account.ts";
import type { Blobs } from "../blobs.ts";
import type { Rooms } from "../composer.ts";
import type { Effects } from "../effects.ts";
import type { StoredMessage } from "../message-store.ts";
import { historySchema, type SyncedSettings, type SyncItem } from "./sync-item.ts";
import { contactOf, conversationOf, deviceOf, messageOf, type SyncRules } from "./sync-rules.ts";

export interface HistoryOptions extends Rooms {
  readonly vault: Account;
  readonly blobs: Blobs;
  readonly rules: SyncRules;
  readonly settings: () => SyncedSettings;
  readonly clock: Clock;
}

type HistoryItem = Extract<SyncItem, { what: "history" }>;

const PROGRESS = "history-progress";
const GROUP_ID_CHARACTERS = 32;
const PAGE = 500;

interface Progress {
  /** The device that gives it. */
  readonly from: string;
  readonly next: number;
  readonly parts: number;
  /** Position of the last message taken over, by conversation: what comes after it arrived live. */
  readonly taken: Readonly<Record<string, number>>;
  /** Since when the next part waits for a group. */
  readonly waitingSinceMs: number | null;
}

/** The main device's side. */
export class HistoryWriter {
  readonly #o: HistoryOptions;
  readonly #busy = new Set<string>();

  constructor(options: HistoryOptions) {
    this.#o = options;
  }

  /**
   * Leaves the history on our relays for one device, and says where. One that was interrupted begins anew: taking a part
   * over twice changes nothing. Throws NetworkError `no_relay`.
   */
  async give(device: string, say: (items: readonly SyncItem[], only: string) => void): Promise<void> {
    const { vault, blobs, devices } = this.#o;
    if (this.#busy.has(device)) return;
    this.#busy.add(device);
    try {
      const parts = partsOf(this.#items());
      for (const [part, bytes] of parts.entries()) {
        const ref = await blobs.publish(bytes);
        vault.transaction(() => {
          const row = devices.ownDevice(device);
          if (!row || row.revoked) return;
          say([{ what: "history", for: device, part, parts: parts.length, ref }], device);
          if (part === parts.length - 1) devices.putOwn({ ...row, needsHistory: false });
        });
      }
    } finally {
      this.#busy.delete(device);
    }
  }

  *#items(): Generator<SyncItem> {
    const { contacts, conversations, devices, groups, rules, settings } = this.#o;
    const at = (key: string) => rules.nextAt(key);
    yield { what: "settings", at: at("settings"), settings: settings() };
    yield { what: "devices", at: at("devices"), devices: devices.own().map(deviceOf) };
    const people = contacts.list();
    // Of groups that one left the new device will have no session, and no place for what was said.
    const joined = groups.list().filter((row) => row.joined);
    for (const row of people) yield { what: "contact", at: at(`contact/${row.publicKey}`), contact: contactOf(row) };
    const ids = [...people.map(({ publicKey }) => publicKey), ...joined.map(({ id }) => id)];
    for (const id of ids) {
      yield { what: "conversation", at: at(`conversation/${id}`), conversation: conversationOf(conversations.get(id)) };
    }
    for (const message of this.#messages(ids)) yield { what: "message", message: messageOf(message) };
  }

  /** The newest of all conversations, by conversation and in their order. */
  *#messages(conversations: readonly string[]): Generator<StoredMessage> {
    const { messages } = this.#o;
    const oldest = this.#oldestPosition();
    for (const id of conversations) {
      for (const message of messages.pageAfter(id, DEVICE_LIMITS.historyMessages, oldest - 1)) {
        if (message.timerSeconds === null) yield message;
      }
    }
  }

  /** Where the newest messages begin that fit both limits. */
  #oldestPosition(): number {
    const { messages } = this.#o;
    let [position, count, bytes] = [Number.MAX_SAFE_INTEGER, 0, 0];
    for (;;) {
      const page = messages.newest(PAGE, position);
      for (const message of page) {
        count++;
        bytes += utf8Encode(JSON.stringify(message)).length;
        if (count > DEVICE_LIMITS.historyMessages || bytes > DEVICE_LIMITS.historyBytes) return position;
        position = message.seq;
      }
      if (page.length < PAGE) return position;
    }
  }
}

/** The new device's side. */
export class HistoryReader {
  readonly #o: Omit<HistoryOptions, "settings">;

  constructor(options: Omit<HistoryOptions, "settings">) {
    this.#o = options;
  }

  /**
   * Takes one part over; call inside a transaction. False while it is being fetched, or an earlier one is missing. Throws
   * CodecError `bad_history`.
   */
  take(device: string, item: HistoryItem, effects: Effects): boolean {
    const { part, parts, ref } = item;
    const { blobs, devices, rules, vault } = this.#o;
    if (devices.isMain || device !== devices.account || item.for !== devices.device) return true;
    const progress = this.#progress(device, part, parts);
    if (part !== progress.next) return part < progress.next;
    const bytes = blobs.get(ref);
    const runs = bytes && runsOf(readPart(bytes));
    if (!runs || this.#waitsForGroup(progress, runs)) return false;
    const taken = { ...progress.taken };
    for (const [conversation, items] of runs) {
      if (conversation === null) for (const item of items) rules.apply(device, item, effects);
      else taken[conversation] = this.#messages(conversation, items, taken[conversation] ?? 0, effects);
    }
    const done: Progress = { from: device, next: part + 1, parts, taken, waitingSinceMs: null };
    vault.writeMeta(PROGRESS, done);
    effects.contactsChanged = true;
    effects.devicesChanged = true;
    return true;
  }

  /** From 0 to 1, where all of it is here. */
  progress(): number {
    const progress = this.#o.vault.readMeta<Progress>(PROGRESS);
    return progress ? progress.next / progress.parts : 0;
  }

  /** A group's past is read once this device is in it; one that it does not come into by then is passed over. */
  #waitsForGroup(progress: Progress, runs: readonly Run[]): boolean {
    const { groups, vault, clock } = this.#o;
    const isMissing = runs.some(([id]) => id !== null && id.length === GROUP_ID_CHARACTERS && !groups.get(id));
    if (!isMissing) return false;
    const sinceMs = progress.waitingSinceMs ?? clock.nowMs();
    if (progress.waitingSinceMs === null) vault.writeMeta(PROGRESS, { ...progress, waitingSinceMs: sinceMs });
    return clock.nowMs() - sinceMs < DEVICE_LIMITS.groupWaitMs;
  }

  /** The history may begin anew, and then with another number of parts. */
  #progress(from: string, part: number, parts: number): Progress {
    const known = this.#o.vault.readMeta<Progress>(PROGRESS);
    const isAnew = part === 0 && known !== null && known.next === known.parts;
    if (known?.from === from && known.parts === parts && !isAnew) return known;
    return { from, next: 0, parts, taken: known?.taken ?? {}, waitingSinceMs: null };
  }

  /** Adds what is not here and puts it behind what was taken over before, in front of what came live. */
  #messages(conversation: string, items: readonly SyncItem[], last: number, effects: Effects): number {
    const { messages, rules } = this.#o;
    const silent = { ...effects, shown: [] as StoredMessage[] };
    const live = messages.pageAfter(conversation, Number.MAX_SAFE_INTEGER, last);
    for (const item of items) if (item.what === "message") rules.message(item.message, silent);
    const added = silent.shown.at(-1);
    if (added) for (const row of live) messages.moveToEnd(row);
    effects.conversations.add(conversation);
    return added?.seq ?? last;
  }
}

function partsOf(items: Iterable<SyncItem>): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let lines: string[] = [];
  let bytes = 2;
  const close = () => {
    parts.push(utf8Encode(`[${lines.join(",")}]`));
    lines = [];
    bytes = 2;
  };
  for (const item of items) {
    const line = JSON.stringify(item);
    const lineBytes = utf8Encode(line).length + 1;
    if (bytes + lineBytes > DEVICE_LIMITS.historyPartBytes && lines.length > 0) close();
    lines.push(line);
    bytes += lineBytes;
  }
  close();
  return parts;
}

function readPart(bytes: Uint8Array): SyncItem[] {
  try {
    return v.parse(historySchema, JSON.parse(utf8Decode(bytes)));
  } catch (cause) {
    throw new CodecError("bad_history", "A part of the history cannot be read.", { cause });
  }
}

type Run = [conversation: string | null, items: SyncItem[]];

/** Neighbouring messages of one conversation together; everything else under null. */
function runsOf(items: readonly SyncItem[]): Run[] {
  const runs: Run[] = [];
  for (const item of items) {
    const conversation = item.what === "message" ? item.message.conversation : null;
    const last = runs.at(-1);
    if (last?.[0] === conversation) last[1].push(item);
    else runs.push([conversation, [item]]);
  }
  return runs;
}
