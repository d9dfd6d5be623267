/** Conversations to be measured: devices, groups assembled by one commit, and letters of a given length. */

import { fromHex, utf8Encode } from "../../src/core/bytes.ts";
import { randomBytes } from "../../src/core/random.ts";
import { ed25519 } from "../../src/crypto/signing.ts";
import { encodeLetter, letterHead } from "../../src/messaging/letter.ts";
import { certifyDevice, type OwnDevice } from "../../src/messaging/session/device.ts";
import { createKeyPackage, type OwnKeyPackage } from "../../src/messaging/session/mls.ts";
import {
  commitChanges,
  createSession,
  joinSession,
  receive,
  type Session,
} from "../../src/messaging/session/session.ts";
import { publicKeyOf } from "../../src/nostr/keys.ts";

export interface Group {
  readonly count: number;
  readonly founder: Session;
  readonly addMs: number;
  readonly commitBytes: number;
  readonly welcome: Uint8Array;
  readonly devices: readonly OwnDevice[];
  readonly packages: readonly OwnKeyPackage[];
}

export function newDevice(): OwnDevice {
  const secretKey = randomBytes(32);
  const account = publicKeyOf(secretKey);
  const signature = ed25519.createKeyPair(randomBytes(32));
  return { account, device: account, signature, certificate: certifyDevice(secretKey, account, signature.publicKey) };
}

/** A group of `count` devices: the first one has added all others at once. */
export async function assemble(count: number): Promise<Group> {
  const devices = Array.from({ length: count }, newDevice);
  const packages: OwnKeyPackage[] = [];
  for (const device of devices) packages.push(await createKeyPackage(device, Date.now()));
  const [first] = devices as [OwnDevice];
  const info = { kind: "group", name: "bench", admins: [first.account] } as const;
  const own = packages[0] as OwnKeyPackage;
  const alone = await createSession(randomBytes(16), first.device, own, info, Date.now());
  const startedMs = performance.now();
  const add = packages.slice(1).map(({ keyPackage }) => keyPackage);
  const made = await commitChanges(alone, { add }, Date.now());
  const addMs = performance.now() - startedMs;
  const welcome = made.welcome?.bytes ?? new Uint8Array(0);
  return { count, founder: made.session, addMs, commitBytes: made.commit.message.length, welcome, devices, packages };
}

/** The group as the member at `index` sees it who has just joined. */
export function joined({ welcome, devices, packages }: Group, index: number): Promise<Session> {
  const device = devices[index] as OwnDevice;
  return joinSession(null, device.device, welcome, packages[index] as OwnKeyPackage, Date.now());
}

/**
 * The group after one member in each other half, quarter, eighth ... of the tree has renewed the keys, as the founder and
 * the member beside him see it: for these two all inner keys are there.
 */
export async function settled(group: Group): Promise<{ founder: Session; second: Session }> {
  const places = Array.from({ length: 8 }, (_, i) => 2 ** (i + 1)).filter((place) => place < group.count);
  const seats = [group.founder, await joined(group, 1)];
  for (const place of places) seats.push(await joined(group, place));
  for (const [i] of places.entries()) {
    const made = await commitChanges(seats[i + 2] as Session, {}, Date.now());
    for (const [seat, session] of seats.entries()) {
      seats[seat] = seat === i + 2 ? made.session : await take(session, made.commit.epoch, made.commit.message);
    }
  }
  const [founder, second] = seats as [Session, Session];
  return { founder, second };
}

export async function take(session: Session, epoch: string, message: Uint8Array): Promise<Session> {
  return (await receive(session, epoch, message, Date.now())).session;
}

/** A text letter as it is sealed; `textBytes` of it are the text. */
export function letterOf(textBytes: number): Uint8Array {
  const text = "x".repeat(textBytes);
  return utf8Encode(encodeLetter({ ...letterHead(Date.now()), kind: "text", n: 1, text, files: [] }));
}

export function deviceBytes(session: Session): Uint8Array {
  return fromHex(session.device);
}
