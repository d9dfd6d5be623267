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
import { decodeState, encodeState, exportKey, membersOf } from "./mls.ts";
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
}

/** An epoch that this device did not know before, and is in. */
export interface NewEpoch {
  readonly epoch: string;
  /** The exported key "cell/v1", from which the addresses and keys of its cells come. */
  readonly exported: Uint8Array;
  /** All devices in it but this one. */
  readonly devices: readonly string[];
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
  ): Promise<{ store: () => void; added: NewEpoch[]; removed: string[] }> {
    const changed = [...after.epochs.values()].filter((epoch) => before?.epochs.get(epoch.id) !== epoch);
    const rows = changed.map((epoch) => toEpochRow(after.id, epoch));
    const added = changed.filter(({ id }) => !before?.epochs.has(id));
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
      added: (await Promise.all(added.map((epoch) => newEpoch(after.device, epoch)))).flat(),
      removed,
    };
  }

  remove(id: string): void {
    for (const row of this.#epochs.find("session", id)) this.#epochs.delete(epochKey(id, row.id));
    this.#sessions.delete(id);
  }
}

function epochKey(session: string, epoch: string): string {
  return `${session}/${epoch}`;
}

async function newEpoch(device: string, { id, state }: Epoch): Promise<NewEpoch[]> {
  if (!state) return [];
  const devices = membersOf(state).map((member) => member.device);
  const others = devices.filter((other) => other !== device);
  return [{ epoch: id, exported: await exportKey(state, "cell/v1"), devices: others }];
}

function toEpochRow(session: string, epoch: Epoch): EpochRow {
  const { state, ...rest } = epoch;
  return { ...rest, session, state: state && toBase64Url(encodeState(state)) };
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
