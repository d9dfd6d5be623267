import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { fromHex, toHex } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { ed25519 } from "../../crypto/signing.ts";
import { nodeIdOf } from "../node-id.ts";
import { newerRecord, readRecord, recordPlace, signRecord } from "../records/record.ts";
import { type Announcement, coarseRoom, readAnnouncement, signAnnouncement } from "./announcement.ts";
import { encodePage, readPage } from "./announcement-page.ts";
import { bytesToIp, ipToBytes, isLinkLocal, isPrivateIp } from "./ip-bytes.ts";

const NOW = Date.UTC(2026, 10, 27);
const key = ed25519.createKeyPair(new Uint8Array(32).fill(5));
const SAID: Omit<Announcement, "id"> = {
  sequence: 7,
  madeAtMs: NOW,
  addresses: [
    { host: "203.0.113.7", port: 4002 },
    { host: "2001:db8::7", port: 4002 },
  ],
  meshAddresses: [{ host: "203.0.113.7", port: 4001 }],
  roomBytes: coarseRoom(10 * 2 ** 30),
  cares: true,
  isLeaving: false,
  software: 258,
};

test("an announcement says what was signed", () => {
  const bytes = signAnnouncement(SAID, key);
  assert.deepEqual(readAnnouncement(bytes, NOW), { id: nodeIdOf(key.publicKey), ...SAID });
  const most = Array.from({ length: MESH_LIMITS.nodeAddresses }, (_, at) => ({ host: `2001:db8::${at + 1}`, port: 1 }));
  const longest = signAnnouncement({ ...SAID, addresses: most, meshAddresses: most }, key);
  assert.ok(longest.length <= MESH_LIMITS.announcementBytes);
  assert.deepEqual(readAnnouncement(longest, NOW)?.addresses, most);
});

test("no bit can be changed, nothing cut and nothing put behind", () => {
  const bytes = signAnnouncement(SAID, key);
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const altered = bytes.slice();
    altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.equal(readAnnouncement(altered, NOW), null, `bit ${bit}`);
  }
  for (let length = 0; length < bytes.length; length++)
    assert.equal(readAnnouncement(bytes.slice(0, length), NOW), null);
  assert.equal(readAnnouncement(new Uint8Array([...bytes, 0]), NOW), null);
});

test("a node that signs nonsense is not understood in parts", () => {
  const valid = readRecord(signAnnouncement(SAID, key), recordPlace("node", key.publicKey), NOW)?.value as Uint8Array;
  const signed = (value: Uint8Array) => signRecord({ kind: "node", sequence: 1, madeAtMs: NOW, value }, key);
  assert.ok(readAnnouncement(signed(valid), NOW));
  const wrong: Record<string, Uint8Array> = {
    "another version": valid.with(0, 2),
    "a flag that is none": valid.with(1, 4),
    "room below the least": valid.with(4, 3),
    "room beyond the most": valid.with(4, 0x88),
    "more addresses than are there": valid.with(5, 3),
    "too many addresses": valid.with(5, 9),
    "an address of no kind": valid.with(6, 5),
    "an unspecified address": valid.with(7, 0),
    "a multicast address": valid.with(7, 224),
    "port 0": valid.with(11, 0).with(12, 0),
    "something behind": new Uint8Array([...valid, 0]),
    nothing: new Uint8Array(0),
  };
  for (const [name, value] of Object.entries(wrong)) assert.equal(readAnnouncement(signed(value), NOW), null, name);
  const owner = signRecord({ kind: "owner", sequence: 1, madeAtMs: NOW, value: valid }, key);
  assert.equal(readAnnouncement(owner, NOW), null, "a record of another kind");
});

test("what cannot be said is not signed", () => {
  for (const host of ["0.0.0.0", "::", "255.255.255.255", "ff02::1", "example.com", "fe80::1%eth0", ""]) {
    assert.throws(
      () => signAnnouncement({ ...SAID, addresses: [{ host, port: 1 }] }, key),
      { code: "mesh_record" },
      host,
    );
  }
  const many = Array.from({ length: 9 }, () => ({ host: "203.0.113.7", port: 1 }));
  assert.throws(() => signAnnouncement({ ...SAID, addresses: many }, key), { code: "mesh_record" });
  assert.throws(() => signAnnouncement({ ...SAID, meshAddresses: [{ host: "203.0.113.7", port: 0 }] }, key), {
    code: "mesh_record",
  });
});

test("room is rounded down, by a fifth at most, and once", () => {
  assert.equal(coarseRoom(2 ** 20 - 1), 0);
  assert.equal(coarseRoom(2 ** 20), 2 ** 20);
  for (const nothing of [0, -5, Number.NaN]) assert.equal(coarseRoom(nothing), 0);
  fc.assert(
    fc.property(fc.integer({ min: 2 ** 20, max: 7 * 2 ** 50 }), (bytes) => {
      const room = coarseRoom(bytes);
      assert.ok(room <= bytes && room > 0.8 * bytes - 1 && Number.isSafeInteger(room), `${bytes} -> ${room}`);
      assert.equal(coarseRoom(room), room);
    }),
  );
  for (let power = 21; power <= 53; power++) assert.ok(coarseRoom(2 ** power - 1) < 2 ** power);
});

test("an IP address has one spelling, and is what Node takes it for", () => {
  assert.deepEqual(ipToBytes("::ffff:203.0.113.7"), Uint8Array.of(203, 0, 113, 7));
  assert.equal(bytesToIp(new Uint8Array(16).fill(0xff, 10, 12).with(15, 1)), null, "a wrapped IPv4 address");
  assert.equal(bytesToIp(ipToBytes("2001:DB8:0:0:0:0:0:0007") as Uint8Array), "2001:db8::7");
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const bytes = ipToBytes(text);
      if (bytes) assert.deepEqual(ipToBytes(bytesToIp(bytes) as string), bytes);
    }),
  );
});

test("it is known which addresses lead only around the house", () => {
  const isPrivate = (text: string): boolean => isPrivateIp(ipToBytes(text) as Uint8Array);
  const inside = [
    "10.0.0.1",
    "172.17.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.1.1",
    "127.0.0.1",
    "fd00::1",
    "fe80::1",
    "::1",
  ];
  const outside = ["172.32.0.1", "100.128.0.1", "192.169.0.1", "11.0.0.1", "2001:db8::1", "fec0::1"];
  assert.deepEqual(
    inside.filter((text) => !isPrivate(text)),
    [],
  );
  assert.deepEqual(outside.filter(isPrivate), []);
  assert.deepEqual(
    inside.filter((text) => isLinkLocal(ipToBytes(text) as Uint8Array)),
    ["fe80::1"],
  );
});

test("a page gives back what was put in, and is refused when it is anything else", () => {
  const all = Array.from({ length: 3 }, (_, at) => signAnnouncement({ ...SAID, sequence: at + 1 }, key));
  const page = encodePage(all);
  assert.deepEqual(readPage(page), all);
  assert.deepEqual(readPage(encodePage([])), []);
  assert.equal(
    readPage(encodePage(Array.from({ length: MESH_LIMITS.rosterPage + 1 }, () => all[0] as Uint8Array)))?.length,
    MESH_LIMITS.rosterPage,
  );
  for (let length = 0; length < page.length; length++) assert.equal(readPage(page.slice(0, length)), null);
  assert.equal(readPage(new Uint8Array([...page, 0])), null);
});

test("the vectors are read as they say", () => {
  const vectors = JSON.parse(readFileSync("vectors/mesh-records.json", "utf8"));
  for (const { name, bytes, place, nowMs, record, announcement } of [...vectors.valid, ...vectors.invalid]) {
    const found = readRecord(fromHex(bytes), fromHex(place), nowMs);
    const shown = found && { ...found, key: toHex(found.key), value: toHex(found.value) };
    assert.deepEqual(shown, record, name);
    assert.deepEqual(readAnnouncement(fromHex(bytes), nowMs), announcement, name);
  }
  const pair = ed25519.createKeyPair(fromHex(vectors.seed));
  for (const { name, bytes, announcement } of vectors.valid) {
    if (announcement) assert.equal(toHex(signAnnouncement(announcement, pair)), bytes, name);
  }
  for (const { name, a, b, counts } of vectors.newer) {
    const [left, right] = [fromHex(a), fromHex(b)];
    assert.equal(newerRecord(left, right), counts === "a" ? left : right, name);
    assert.equal(newerRecord(right, left), counts === "a" ? left : right, name);
  }
  assert.deepEqual(readPage(fromHex(vectors.page.bytes))?.map(toHex), vectors.page.announcements);
});
