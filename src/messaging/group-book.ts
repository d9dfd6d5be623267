/**
 * The groups one is or was in, and the people met there: names and places of members who need not be contacts, and
 * who waits to be let in.
 *
 *   group    what the head of its session says (name, admins, members), and what only we know of it
 *   person   one member, invited one or applicant of one group
 */

import type { Account } from "../vault/account.ts";
import type { SealedTable } from "../vault/sealed-table.ts";
import type { DeviceName } from "./session/device.ts";

export interface GroupRow {
  /** 32 hex characters: id of the session and of the conversation. */
  readonly id: string;
  readonly name: string;
  /** Hex keys of accounts. */
  readonly admins: readonly string[];
  /** Devices of all members by the session's head, this one included. */
  readonly members: readonly DeviceName[];
  /** False once one has left or was removed. */
  readonly joined: boolean;
  /** When one came in. */
  readonly sinceMs: number;
  /** Number of the last text we wrote there. */
  readonly lastSent: number;
  /** base64url, 16 bytes: who comes with it may apply. */
  readonly linkSecret: string | null;
  /** Members that said farewell and are still in. */
  readonly farewells: readonly FarewellRow[];
}

export interface FarewellRow {
  readonly account: string;
  readonly leaf: number;
  /** base64url */
  readonly signature: string;
  readonly atMs: number;
}

export interface GroupPerson {
  readonly group: string;
  readonly account: string;
  readonly name: string;
  readonly relays: readonly string[];
  /** base64url; null while unknown. */
  readonly hybridPublicKey: string | null;
  /** We, an admin, asked them to come. */
  readonly invited: boolean;
  /** base64url key package with which they want to come in; `approved` once an admin agreed. */
  readonly application: { readonly keyPackage: string; readonly approved: boolean } | null;
  /** The key package that brought him in, should his application come again. */
  readonly admittedWith: string | null;
}

/** We asked to be let in, and wait for a welcome from this admin. */
export interface OwnApplication {
  readonly group: string;
  readonly to: string;
  readonly name: string;
  /** As a member whose session was lost. */
  readonly again?: boolean;
}

export class GroupBook {
  readonly #groups: SealedTable<GroupRow>;
  readonly #people: SealedTable<GroupPerson>;
  readonly #applications: SealedTable<OwnApplication>;
  /** Of this device, and of its account. */
  readonly #device: string;
  readonly #account: string;

  constructor(vault: Account) {
    const { device, publicKey } = vault.identity();
    this.#device = device;
    this.#account = publicKey;
    this.#groups = vault.table<GroupRow>({ name: "groups", key: (row) => row.id });
    this.#people = vault.table<GroupPerson>({
      name: "group_people",
      key: (row) => personKey(row.group, row.account),
      indexes: { group: (row) => row.group, account: (row) => row.account },
    });
    this.#applications = vault.table<OwnApplication>({ name: "group_applications", key: (row) => row.group });
  }

  get(id: string): GroupRow | null {
    return this.#groups.get(id);
  }

  list(): GroupRow[] {
    return this.#groups.list();
  }

  put(row: GroupRow): GroupRow {
    this.#groups.put(row);
    return row;
  }

  update(id: string, change: Partial<GroupRow>): GroupRow | null {
    const row = this.get(id);
    return row && this.put({ ...row, ...change });
  }

  /** All other devices in the group, one's own among them: to whom a letter of the group goes. */
  others({ members, joined }: GroupRow): string[] {
    return joined ? members.flatMap(({ device }) => (device === this.#device ? [] : [device])) : [];
  }

  isAdmin(row: GroupRow): boolean {
    return row.joined && row.admins.includes(this.#account);
  }

  person(group: string, account: string): GroupPerson {
    const blank = {
      name: "",
      relays: [],
      hybridPublicKey: null,
      invited: false,
      application: null,
      admittedWith: null,
    };
    return this.#people.get(personKey(group, account)) ?? { group, account, ...blank };
  }

  /** Everybody of all groups. */
  everybody(): GroupPerson[] {
    return this.#people.list();
  }

  people(group: string): GroupPerson[] {
    return this.#people.find("group", group);
  }

  updatePerson(group: string, account: string, change: Partial<GroupPerson>): GroupPerson {
    const next = { ...this.person(group, account), ...change };
    this.#people.put(next);
    return next;
  }

  /** Where and how to write to somebody who is a member of any group of ours, or applied; null if of none. */
  placeOf(account: string): Pick<GroupPerson, "relays" | "hybridPublicKey" | "name"> | null {
    const known = this.#people.find("account", account, { newestFirst: true });
    return known.find(({ relays }) => relays.length > 0) ?? known[0] ?? null;
  }

  /** True for who was let into a group of ours, whom we asked there or applied to; not for who only asks to come in. */
  isKnown(account: string): boolean {
    return this.#people.find("account", account).some((row) => !isAsking(row));
  }

  /** Turns away who asked to come in by a link; nothing is left of him. Others stay known. */
  turnAway(group: string, account: string): void {
    const row = this.person(group, account);
    if (isAsking(row)) this.#people.delete(personKey(group, account));
    else this.updatePerson(group, account, { invited: false, application: null });
  }

  apply(application: OwnApplication): void {
    this.#applications.put(application);
  }

  hasAppliedTo(admin: string): boolean {
    return this.#applications.list().some(({ to }) => to === admin);
  }

  /** Ours that no welcome has answered yet. */
  openApplications(): OwnApplication[] {
    return this.#applications.list().filter(({ group }) => !this.get(group)?.joined);
  }

  application(group: string): OwnApplication | null {
    return this.#applications.get(group);
  }

  /** Forgets a group; call inside a transaction. */
  remove(id: string): void {
    for (const { account } of this.people(id)) this.#people.delete(personKey(id, account));
    this.#applications.delete(id);
    this.#groups.delete(id);
  }
}

function personKey(group: string, account: string): string {
  return `${group}/${account}`;
}

/** He has a link, and nobody has agreed yet. */
function isAsking({ application, invited, admittedWith }: GroupPerson): boolean {
  return application !== null && !application.approved && !invited && admittedWith === null;
}
