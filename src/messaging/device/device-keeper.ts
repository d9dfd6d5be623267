/**
 * Keeps the devices of one's account in all its sessions, and those that were revoked out of them.
 *
 *   packages  <->  each device has some key packages of the others, so that it can put them into sessions while they are away
 *   session        main device: adds its siblings, takes out revoked ones; a linked device adds the main one only
 *
 * Everything is found out anew from what is stored, so a crash at any point only means that it is done a little later.
 */

import type { Clock } from "../../core/clock.ts";
import { fromBase64Url, toBase64Url } from "../../core/bytes.ts";
import { DEVICE_LIMITS, SESSION_LIMITS } from "../../core/limits.ts";
import type { Account } from "../../vault/account.ts";
import type { Groups } from "../groups.ts";
import { type HeardBook, placeOf } from "../heard-book.ts";
import { letterHead, type PackagesLetter } from "../letter.ts";
import type { Outbox } from "../outbox.ts";
import type { Changes } from "../session/commit.ts";
import { readKeyPackage } from "../session/mls.ts";
import { isCertifiedDevice } from "../session/own-device.ts";
import { type Committed, type Session, sessionMembers } from "../session/session.ts";
import type { SessionRow } from "../session/session-store.ts";
import type { Sessions } from "../session/sessions.ts";
import type { SessionKeeper } from "../session-keeper.ts";
import type { Welcomes } from "../welcomes.ts";
import type { DeviceBook, OwnDeviceRow } from "./device-book.ts";

export interface DeviceKeeperOptions {
  readonly vault: Account;
  readonly devices: DeviceBook;
  readonly heard: HeardBook;
  readonly sessions: Sessions;
  readonly sessionKeeper: SessionKeeper;
  readonly membership: Groups;
  readonly outbox: Outbox;
  readonly welcomes: Welcomes;
  readonly wake: (device: string) => void;
  readonly clock: Clock;
}

/** Asked again for key packages after this, should the answer have been lost. */
const ASK_AGAIN_MS = 600_000; // 10 min

export class DeviceKeeper {
  readonly #o: DeviceKeeperOptions;
  readonly #askedAtMs = new Map<string, number>();
  #running: Promise<void> | null = null;
  #again = false;

  constructor(options: DeviceKeeperOptions) {
    this.#o = options;
  }

  /** Brings all sessions in step with the list of devices; one run at a time, and once more if asked meanwhile. */
  reconcile(): Promise<void> {
    this.#again = this.#running !== null;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** The session of the account's devices among themselves; null before there is one, or when this device is not in it. */
  ownSession(): SessionRow | null {
    const rows = this.#o.sessions.list().filter(({ kind }) => kind === "devices");
    return rows.findLast(({ id }) => this.#members(id).length > 0) ?? null;
  }

  isIn(session: string, device: string): boolean {
    return this.#members(session).includes(device);
  }

  /** Whether a device is wherever this one is. */
  isInAll(device: string): boolean {
    return this.ownSession() !== null && this.#sessionsWithout(device).length === 0;
  }

  /** Another device of ours brings key packages, or wants some; `markSeen` runs in the transaction. */
  packages(sender: string, letter: PackagesLetter, markSeen: () => void): void {
    const { devices, outbox, vault, clock } = this.#o;
    vault.transaction(() => {
      markSeen();
      const row = devices.isSibling(sender) ? devices.ownDevice(sender) : null;
      if (!row) return;
      const known = row.stock.map(({ keyPackage }) => keyPackage);
      const fresh = letter.keyPackages.filter(
        (bytes) => !known.includes(bytes) && isOf(bytes, devices.account, sender),
      );
      const atMs = clock.nowMs();
      const stock = [...row.stock, ...fresh.map((keyPackage) => ({ keyPackage, atMs }))].slice(-DEVICE_LIMITS.stock);
      devices.putOwn({ ...row, stock, wanted: Math.max(row.wanted, letter.want) });
      outbox.owe({ messageId: letter.id, to: sender, read: false });
    });
    this.#askedAtMs.delete(sender);
  }

  async #run(): Promise<void> {
    const { devices, sessions } = this.#o;
    if (devices.own().length === 0 || !isCertifiedDevice(sessions.own)) return;
    do {
      this.#again = false;
      await this.#ensureOwnSession();
      for (const row of sessions.list()) if (this.#isCurrent(row)) await this.#equip(row);
      for (const row of devices.siblings()) await this.#trade(row);
    } while (this.#again);
  }

  async #ensureOwnSession(): Promise<void> {
    const { devices, sessions, sessionKeeper } = this.#o;
    if (!devices.isMain || devices.siblings().length === 0 || this.ownSession()) return;
    const info = { kind: "devices", name: "", admins: [devices.account] } as const;
    await sessions.begin(null, info, {}, (made) => sessionKeeper.post(made.session.id, made));
  }

  /** A conversation of two may have sessions that a later one replaced. */
  #isCurrent({ id, kind, conversation }: SessionRow): boolean {
    return kind !== "direct" || this.#o.sessions.of(conversation)?.id === id;
  }

  async #equip(row: SessionRow): Promise<void> {
    const { sessions, membership } = this.#o;
    const session = sessions.read(row.id);
    const changes = session ? this.#changesOf(session) : null;
    if (!changes) return;
    const also = () => this.#noteUsed(changes.add ?? []);
    if (row.kind === "group") await membership.changeDevices(row.id, changes, also);
    else await this.#commit(row, changes, also);
  }

  async #commit({ id, kind, conversation }: SessionRow, changes: Changes, also: () => void): Promise<void> {
    const { heard, sessions, sessionKeeper, welcomes, wake } = this.#o;
    const after: { post: () => Promise<void> } = { post: async () => {} };
    const made: { committed: Committed | null } = { committed: null };
    await sessions.commit(
      id,
      () => changes,
      (committed) => {
        made.committed = committed;
        sessionKeeper.post(id, committed);
        // A newcomer must not wait for texts of the other person that came before it.
        const n = heard.last(placeOf(conversation, conversation)) ?? 0;
        const roster = kind === "direct" ? [{ account: conversation, name: "", relays: [], n }] : [];
        after.post = welcomes.post(committed, roster);
        also();
      },
    );
    await after.post();
    const { committed } = made;
    for (const { device } of [...(committed?.commit.to ?? []), ...(committed?.welcome?.to ?? [])]) wake(device);
  }

  /** Null if nothing is to be done in this session now. */
  #changesOf(session: Session): Changes | null {
    const { devices } = this.#o;
    const own = sessionMembers(session).filter(({ account }) => account === devices.account);
    if (!own.some(({ device }) => device === devices.device)) return null;
    const isIn = (device: string) => own.some((member) => member.device === device);
    const missing = devices.siblings().filter(({ device }) => this.#isOursToAdd(device) && !isIn(device));
    const add = missing.flatMap((row) => this.#freshest(row)).map(fromBase64Url);
    const remove = devices.isMain ? own.filter(({ device }) => devices.ownDevice(device)?.revoked) : [];
    return add.length + remove.length === 0 ? null : { add, remove };
  }

  #isOursToAdd(device: string): boolean {
    const { devices } = this.#o;
    return devices.isMain || device === devices.account;
  }

  #freshest({ stock }: OwnDeviceRow): string[] {
    const oldestMs = this.#o.clock.nowMs() - SESSION_LIMITS.keyPackageMs / 2;
    return stock
      .filter(({ atMs }) => atMs > oldestMs)
      .slice(-1)
      .map(({ keyPackage }) => keyPackage);
  }

  #noteUsed(used: readonly Uint8Array[]): void {
    const { devices } = this.#o;
    for (const bytes of used) {
      const row = devices.ownDevice(readKeyPackage(bytes).device);
      const keyPackage = toBase64Url(bytes);
      if (row) devices.putOwn({ ...row, stock: row.stock.filter((one) => one.keyPackage !== keyPackage) });
    }
  }

  /** Sends the key packages that a device wants of us, and says how many of its we want. */
  async #trade(row: OwnDeviceRow): Promise<void> {
    const { devices, outbox, sessions, vault, wake, clock } = this.#o;
    const want = this.#isOursToAdd(row.device) ? this.#lackOf(row) : 0;
    const isFirst =
      !devices.isMain && row.device === devices.account && !this.ownSession() && !this.#isWriting(row.device);
    const asked = this.#askedAtMs.get(row.device) ?? 0;
    const asks = want > 0 && clock.nowMs() - asked > ASK_AGAIN_MS;
    const give = Math.max(row.wanted, isFirst ? DEVICE_LIMITS.packages : 0);
    if (give === 0 && !asks) return;
    const packages: string[] = [];
    for (let i = 0; i < give; i++) packages.push(toBase64Url(await sessions.keyPackage()));
    vault.transaction(() => {
      const current = devices.ownDevice(row.device);
      if (current) devices.putOwn({ ...current, wanted: 0 });
      for (let i = 0; i < Math.max(1, packages.length); i += DEVICE_LIMITS.packages) {
        const head = letterHead(clock.nowMs());
        const keyPackages = packages.slice(i, i + DEVICE_LIMITS.packages);
        const letter = { ...head, kind: "packages", keyPackages, want: i === 0 && asks ? want : 0 } as const;
        outbox.add({ id: head.id, to: row.device, content: { profile: "hidden", letter }, unsaved: true });
      }
    });
    if (asks) this.#askedAtMs.set(row.device, clock.nowMs());
    wake(row.device);
  }

  /** How many key packages of a device are missing for the sessions that it is not in, and for some to come. */
  #lackOf({ device, stock }: OwnDeviceRow): number {
    const missing = this.#sessionsWithout(device);
    const lack = missing.length + DEVICE_LIMITS.stockAhead - stock.length;
    // Few at a time are not worth a letter.
    return lack < DEVICE_LIMITS.stockAhead / 2 && missing.length <= stock.length
      ? 0
      : Math.min(lack, DEVICE_LIMITS.stock);
  }

  #sessionsWithout(device: string): SessionRow[] {
    return this.#o.sessions.list().filter((row) => {
      const members = this.#isCurrent(row) ? this.#members(row.id) : [];
      return members.length > 0 && !members.includes(device);
    });
  }

  #isWriting(device: string): boolean {
    const rows = this.#o.outbox.window(device);
    return rows.some(({ content }) => content.profile === "hidden" && content.letter.kind === "packages");
  }

  /** Devices in a session as we know it; none where we are not. */
  #members(id: string): string[] {
    const session = this.#o.sessions.read(id);
    return session ? sessionMembers(session).map(({ device }) => device) : [];
  }
}

function isOf(encoded: string, account: string, device: string): boolean {
  try {
    const name = readKeyPackage(fromBase64Url(encoded));
    return name.account === account && name.device === device;
  } catch {
    return false;
  }
}
