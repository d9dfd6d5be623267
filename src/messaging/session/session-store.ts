/**
 * Sessions at rest, in sealed rows:
 *
 *   sessions  id, conversation, head, changes that may have to be repeated
 *   epochs    one row each, so that a message rewrites only the epoch that it was sealed in
 *
 * Nothing of it goes into backups: a restored ratchet would seal two messages under one key, and a copy that lies about
 * for years would open what this device has long forgotten.
 */

import { fromBase64Url, toBase64Url } from "../../core/bytes.ts";
import type { Account } from "../../vault/account.ts";
import type { SealedTable } from "../../vault/sealed-table.ts";
import type { DeviceName } from "./device.ts";
import type { SessionKind } from "./group-info.ts";
import { decodeState, encodeState, exportKey } from "./mls.ts";
import { type Epoch, forgetAt, type InfoChange, type Intent, renewalAt, type Session } from "./session.ts";

export interface SessionRow {
  readonly id: string;
  /** Hex key of the contact (direct) or the session's own id (group, devices). */
  readonly conversation: string;
  readonly kind: SessionKind;
  readonly device: string;
  readonly head: string;
  readonly intents: readonly IntentRow[];
  readonly createdMs: number;
  /** When this device should renew the keys; null while it need not. */
  readonly renewalMs: number | null;
  /** When the oldest superseded epoch is to be forgotten. */
  readonly forgetMs: number | null;
}

interface IntentRow {
  readonly epoch: string;
  readonly add: readonly string[];
  readonly remove: readonly DeviceName[];
  readonly info: InfoChange | null;
  readonly farewells: string;
}

interface EpochRow extends Omit<Epoch, "state"> {
  readonly session: string;
  readonly state: string | null;
  /** Exported for frames; null when this device was removed. */
  readonly frameKey: string | null;
}

/** What finds the epoch of a frame without decoding states. */
export interface FrameKeyEntry {
  readonly session: string;
  readonly epoch: string;
  readonly exported: Uint8Array;
}

export class SessionStore {
  readonly #sessions: SealedTable<SessionRow>;
  readonly #epochs: SealedTable<EpochRow>;

  constructor(vault: Account) {
    this.#sessions = vault.table<SessionRow>({
      name: "sessions",
      key: (row) => row.id,
      indexes: { conversation: (row) => row.conversation, unsaved: () => "yes" },
    });
    this.#epochs = vault.table<EpochRow>({
      name: "session_epochs",
      key: (row) => epochKey(row.session, row.id),
      indexes: { session: (row) => row.session, unsaved: () => "yes" },
    });
  }

  get(id: string): SessionRow | null {
    return this.#sessions.get(id);
  }

  list(): SessionRow[] {
    return this.#sessions.list();
  }

  /** The sessions of a conversation, the one that was stored first in front. */
  of(conversation: string): SessionRow[] {
    return this.#sessions.find("conversation", conversation);
  }

  /** The whole session with all its states decoded: some milliseconds. Null if there is none. */
  load(id: string): Session | null {
    const row = this.#sessions.get(id);
    if (!row) return null;
    const epochs = this.#epochs.find("session", id).map(fromEpochRow);
    return {
      id,
      device: row.device,
      head: row.head,
      epochs: new Map(epochs.map((epoch) => [epoch.id, epoch])),
      intents: row.intents.map(fromIntentRow),
    };
  }

  /** The rows for what differs from `before`, to be stored in a transaction by the returned function. */
  async prepare(
    before: Session | null,
    after: Session,
    about: Pick<SessionRow, "conversation" | "kind" | "createdMs">,
  ): Promise<{ store: () => void; added: FrameKeyEntry[]; removed: string[] }> {
    const changed = [...after.epochs.values()].filter((epoch) => before?.epochs.get(epoch.id) !== epoch);
    const rows = await Promise.all(changed.map((epoch) => toEpochRow(after.id, epoch)));
    const removed = [...(before?.epochs.keys() ?? [])].filter((id) => !after.epochs.has(id));
    const { id, device, head } = after;
    const { conversation, kind, createdMs } = about;
    const times = { createdMs, renewalMs: renewalAt(after), forgetMs: forgetAt(after) };
    const row: SessionRow = { id, device, head, conversation, kind, ...times, intents: after.intents.map(toIntentRow) };
    return {
      store: () => {
        this.#sessions.put(row);
        for (const epoch of rows) this.#epochs.put(epoch);
        for (const epoch of removed) this.#epochs.delete(epochKey(id, epoch));
      },
      added: rows.flatMap((epoch) => frameKeyOf(epoch)),
      removed,
    };
  }

  remove(id: string): void {
    for (const row of this.#epochs.find("session", id)) this.#epochs.delete(epochKey(id, row.id));
    this.#sessions.delete(id);
  }

  frameKeys(): FrameKeyEntry[] {
    return this.#epochs.list().flatMap((row) => frameKeyOf(row));
  }
}

function epochKey(session: string, epoch: string): string {
  return `${session}/${epoch}`;
}

function frameKeyOf({ session, id, frameKey }: EpochRow): FrameKeyEntry[] {
  return frameKey === null ? [] : [{ session, epoch: id, exported: fromBase64Url(frameKey) }];
}

async function toEpochRow(session: string, epoch: Epoch): Promise<EpochRow> {
  const { state, ...rest } = epoch;
  return {
    ...rest,
    session,
    state: state && toBase64Url(encodeState(state)),
    frameKey: state && toBase64Url(await exportKey(state, "frame/v1")),
  };
}

function fromEpochRow(row: EpochRow): Epoch {
  const { id, parent, number, rank, commit, by, sinceMs, messages, dueMs, leftMs, astray } = row;
  return {
    id,
    parent,
    number,
    rank,
    commit,
    by,
    sinceMs,
    messages,
    dueMs,
    leftMs,
    astray,
    state: row.state === null ? null : decodeState(fromBase64Url(row.state)),
  };
}

function toIntentRow({ epoch, add, remove, info, farewells }: Intent): IntentRow {
  return { epoch, add: add.map(toBase64Url), remove, info, farewells: toBase64Url(farewells) };
}

function fromIntentRow({ epoch, add, remove, info, farewells }: IntentRow): Intent {
  return { epoch, add: add.map(fromBase64Url), remove, info, farewells: fromBase64Url(farewells) };
}
