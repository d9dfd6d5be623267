import assert from "node:assert/strict";
import { test } from "node:test";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { ed25519 } from "../../crypto/signing.ts";
import { signAnnouncement } from "./announcement.ts";
import { PAGE_BYTES, readPage } from "./announcement-page.ts";
import { askTracker, tellTracker, TrackerTable } from "./tracker.ts";

const NOW = Date.UTC(2026, 10, 27);
const URL = "http://127.0.0.1/mesh";

function announce(host: string, key = ed25519.createKeyPair(), sequence = 1): Uint8Array {
  const said = {
    roomBytes: 0,
    cares: false,
    isLeaving: false,
    software: 1,
    addresses: [],
    meshAddresses: [{ host, port: 1 }],
  };
  return signAnnouncement({ ...said, sequence, madeAtMs: NOW }, key);
}

test("who came by is named until it does not come any more", () => {
  const table = new TrackerTable();
  const key = ed25519.createKeyPair();
  const [old, now] = [announce("203.0.113.7", key, 1), announce("203.0.113.7", key, 2)];
  assert.ok(table.tell(now, NOW));
  assert.equal(table.tell(old, NOW), false);
  assert.equal(table.tell(now.slice(1), NOW), false);
  assert.deepEqual(readPage(table.page(NOW)), [now]);
  assert.ok(table.tell(now, NOW + MESH_LIMITS.trackerMs - 1), "it says the same again");
  assert.equal(readPage(table.page(NOW + MESH_LIMITS.trackerMs))?.length, 1);
  assert.equal(readPage(table.page(NOW + 2 * MESH_LIMITS.trackerMs))?.length, 0);
  assert.equal(table.size, 0);
});

test("one house does not fill it, and a page names some of many", () => {
  const table = new TrackerTable();
  for (let at = 0; at < MESH_LIMITS.nodesPerDomain; at++) assert.ok(table.tell(announce("203.0.113.7"), NOW));
  assert.equal(table.tell(announce("203.0.113.8"), NOW), false);
  for (let at = 0; at < 200; at++) assert.ok(table.tell(announce(`10.0.${at}.1`), NOW));
  const pages = [0, 1].map(() => readPage(table.page(NOW))?.map((bytes) => bytes.join()) ?? []);
  for (const page of pages) assert.equal(new Set(page).size, MESH_LIMITS.trackerPage);
  assert.notDeepEqual(pages[0], pages[1]);
});

test("a client asks and tells, and a tracker that is down or sends anything else only fails", async () => {
  const table = new TrackerTable();
  const serve = async (url: string, init?: RequestInit): Promise<Response> => {
    assert.equal(url, URL);
    if (init?.method !== "POST") return new Response(new Uint8Array(table.page(NOW)));
    const told = table.tell(new Uint8Array(await new Response(init.body ?? null).arrayBuffer()), NOW);
    return new Response(null, { status: told ? 204 : 400 });
  };
  const one = announce("203.0.113.7");
  await tellTracker(URL, serve, one);
  assert.deepEqual(await askTracker(URL, serve), [one]);
  await assert.rejects(tellTracker(URL, serve, one.slice(2)), { code: "tracker_failed" });
  const answers = [
    () => Promise.reject(new Error("down")),
    async () => new Response("<html>", { status: 200 }),
    async () => new Response("", { status: 500 }),
    async () => new Response(new Uint8Array(PAGE_BYTES + 1)),
  ];
  for (const answer of answers) await assert.rejects(askTracker(URL, answer), { code: "tracker_failed" });
});
