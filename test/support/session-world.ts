/**
 * People with several devices each, and a network between them that loses, repeats, reorders and parts: for tests of
 * what conversations must survive. Every device is the real session code on real cryptography; only time and network
 * are made up. A device keeps what it sends until the other one says that it has it, as the outbox does.
 */

import { schnorr } from "@noble/curves/secp256k1.js";
import { toHex, utf8Decode, utf8Encode } from "../../src/core/bytes.ts";
import { CryptoError } from "../../src/core/errors.ts";
import { sha256 } from "../../src/crypto/key-derivation.ts";
import { ed25519 } from "../../src/crypto/signing.ts";
import type { Changes } from "../../src/messaging/session/commit.ts";
import { certifyDevice, type DeviceName, type OwnDevice } from "../../src/messaging/session/device.ts";
import type { GroupInfo } from "../../src/messaging/session/group-info.ts";
import { createKeyPackage, type OwnKeyPackage } from "../../src/messaging/session/mls.ts";
import {
  commitChanges,
  createSession,
  headOf,
  joinSession,
  leaveAstray,
  lostChanges,
  receive,
  renewalAt,
  sealContent,
  type Session,
  sessionInfo,
  sessionMembers,
} from "../../src/messaging/session/session.ts";

export interface Packet {
  readonly id: number;
  readonly from: string;
  readonly to: string;
  readonly what:
    | { readonly kind: "frame"; readonly epoch: string; readonly message: Uint8Array }
    | { readonly kind: "welcome"; readonly bytes: Uint8Array }
    | { readonly kind: "astray"; readonly epoch: string };
}

export interface SentText {
  readonly text: string;
  readonly by: string;
  /** Devices that were members where it was sealed. */
  readonly to: readonly string[];
}

/** The keys of a device, the same for the same names; one named "main" is called by the account's key, as in the product. */
export function testDevice(person: string, name: string): OwnDevice {
  const accountSecret = sha256(utf8Encode(`account ${person}`));
  const account = toHex(schnorr.getPublicKey(accountSecret));
  const other = toHex(schnorr.getPublicKey(sha256(utf8Encode(`device ${person} ${name}`))));
  const device = name === "main" ? account : other;
  const signature = ed25519.createKeyPair(sha256(utf8Encode(`signature ${person} ${name}`)));
  return { account, device, signature, certificate: certifyDevice(accountSecret, device, signature.publicKey) };
}

export class TestDevice {
  readonly own: OwnDevice;
  readonly label: string;
  readonly world: SessionWorld;
  session: Session | null = null;
  outbox: Packet[] = [];
  readonly packages: OwnKeyPackage[] = [];
  readonly shown: { text: string; from: string }[] = [];

  constructor(world: SessionWorld, person: string, name: string) {
    this.own = testDevice(person, name);
    this.label = `${person}-${name}`;
    this.world = world;
  }

  get name(): DeviceName {
    return { account: this.own.account, device: this.own.device };
  }

  get isMember(): boolean {
    return this.session !== null && sessionMembers(this.session).some(({ device }) => device === this.own.device);
  }

  get isAdmin(): boolean {
    return this.info?.admins.includes(this.own.account) ?? false;
  }

  get info(): GroupInfo | null {
    return this.session && sessionInfo(this.session);
  }

  get headId(): string | null {
    return this.session && headOf(this.session).id;
  }

  sees(other: TestDevice): boolean {
    return this.session !== null && sessionMembers(this.session).some(({ device }) => device === other.own.device);
  }

  async keyPackage(): Promise<Uint8Array> {
    const made = await createKeyPackage(this.own, Date.now());
    this.packages.push(made);
    return made.keyPackage;
  }

  async begin(info: GroupInfo): Promise<void> {
    const own = await createKeyPackage(this.own, Date.now());
    this.session = await createSession(this.world.groupId, this.own.device, own, info, this.world.nowMs);
  }

  /** `killed`: the process ends before anything was stored, so that nothing of it has happened. */
  async say(text: string, killed = false): Promise<void> {
    if (!this.isMember || !this.session) return;
    const { session, outgoing } = await sealContent(this.session, utf8Encode(text), this.world.nowMs);
    if (killed) return;
    this.session = session;
    this.#post(
      outgoing.to.map(({ device }) => device),
      { kind: "frame", epoch: outgoing.epoch, message: outgoing.message },
    );
    this.world.texts.push({ text, by: this.own.device, to: outgoing.to.map(({ device }) => device) });
  }

  async change(changes: Changes, killed = false): Promise<void> {
    if (!this.isMember || !this.session) return;
    const { session, commit, welcome } = await commitChanges(this.session, changes, this.world.nowMs);
    if (killed) return;
    this.session = session;
    this.#post(
      commit.to.map(({ device }) => device),
      { kind: "frame", epoch: commit.epoch, message: commit.message },
    );
    if (welcome)
      this.#post(
        welcome.to.map(({ device }) => device),
        { kind: "welcome", bytes: welcome.bytes },
      );
  }

  /** True if the packet was taken in, or never can be; false if it must come again later. */
  async take(packet: Packet): Promise<boolean> {
    const { what } = packet;
    try {
      if (what.kind === "welcome") {
        const before = this.session;
        this.session = await this.#join(what.bytes);
        return this.session !== before || before !== null;
      }
      if (what.kind === "astray") {
        this.session = this.session && leaveAstray(this.session, what.epoch, this.world.nowMs);
        return true;
      }
      if (!this.session?.epochs.get(what.epoch)?.state) return false;
      const { session, received } = await receive(this.session, what.epoch, what.message, this.world.nowMs);
      this.session = session;
      if (received.kind === "content") {
        this.shown.push({ text: utf8Decode(received.content), from: received.sender.device });
      }
      if ("astray" in received && received.astray !== null) {
        this.#post([received.astray], { kind: "astray", epoch: what.epoch });
      }
      await this.settle();
      return true;
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      return true; // repeated, or not for us
    }
  }

  /** Commits again what a competing commit has undone. */
  async settle(): Promise<void> {
    for (;;) {
      const lost = this.session && lostChanges(this.session);
      if (!lost) return;
      this.session = lost.session;
      const { add = [], remove = [], info } = lost.changes;
      if (add.length + remove.length > 0 || info) await this.change(lost.changes);
    }
  }

  async renewIfDue(): Promise<void> {
    const atMs = this.session && this.isMember ? renewalAt(this.session) : null;
    if (atMs !== null && atMs <= this.world.nowMs) await this.change({});
  }

  async #join(welcome: Uint8Array): Promise<Session | null> {
    for (const own of this.packages) {
      try {
        return await joinSession(this.session, this.own.device, welcome, own, this.world.nowMs);
      } catch {
        // made for another key package
      }
    }
    return this.session;
  }

  #post(devices: readonly string[], what: Packet["what"]): void {
    for (const to of devices) this.outbox.push({ id: this.world.nextId++, from: this.own.device, to, what });
  }
}

export class SessionWorld {
  readonly groupId: Uint8Array = sha256(utf8Encode("group")).subarray(0, 16);
  readonly devices: TestDevice[];
  readonly texts: SentText[] = [];
  nextId = 1;
  /** Time that tests may turn forward; key packages carry the real one, because ts-mls reads the clock itself. */
  nowMs: number = Date.now();
  /** Devices of one number reach each other; those of another do not. */
  readonly sides: Map<string, number> = new Map();

  constructor(people: readonly string[], devicesEach: number) {
    this.devices = people.flatMap((person) =>
      Array.from({ length: devicesEach }, (_, i) => new TestDevice(this, person, String(i + 1))),
    );
  }

  at(index: number): TestDevice {
    return this.devices[index % this.devices.length] as TestDevice;
  }

  reaches(from: string, to: string): boolean {
    return (this.sides.get(from) ?? 0) === (this.sides.get(to) ?? 0);
  }

  /** Carries some of what waits: in the order that `random` gives, some of it twice, some acknowledgements lost. */
  async carry(random: () => number, share: number): Promise<number> {
    let carried = 0;
    const waiting = this.devices.flatMap((device) => device.outbox);
    for (const packet of shuffle(waiting, random)) {
      if (!this.reaches(packet.from, packet.to) || random() > share) continue;
      const to = this.devices.find(({ own }) => own.device === packet.to);
      const from = this.devices.find(({ own }) => own.device === packet.from);
      const taken = (await to?.take(packet)) ?? true;
      if (taken && random() < 0.2) await to?.take(packet);
      if (!taken || random() < 0.1 * (1 - share)) continue;
      if (from) from.outbox = from.outbox.filter(({ id }) => id !== packet.id);
      carried++;
    }
    return carried;
  }

  /** Everybody reaches everybody until nothing waits any more; time goes on, so that keys are renewed. */
  async heal(random: () => number): Promise<void> {
    this.sides.clear();
    for (let round = 0; round < 40; round++) {
      for (let i = 0; i < 20 && this.devices.some(({ outbox }) => outbox.length > 0); i++) {
        if ((await this.carry(random, 1)) === 0) break;
      }
      if (round >= 2 && this.isSettled) return;
      this.nowMs += 3_600_000;
      for (const device of this.devices) await device.renewIfDue();
      if (round % 4 === 3) await this.#someoneSpeaks(round);
    }
  }

  get isSettled(): boolean {
    const heads = new Set(
      this.devices.filter(({ isMember }) => isMember).map(({ session }) => session && headOf(session).id),
    );
    return heads.size <= 1 && this.devices.every(({ outbox }) => outbox.length === 0);
  }

  async #someoneSpeaks(round: number): Promise<void> {
    for (const device of this.devices) await device.say(`${device.label} after round ${round}`);
  }
}

export async function keyPackagesOf(devices: readonly TestDevice[]): Promise<Uint8Array[]> {
  return Promise.all(devices.map((device) => device.keyPackage()));
}

function shuffle<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
