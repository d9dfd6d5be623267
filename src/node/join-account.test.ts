import assert from "node:assert/strict";
import { test } from "node:test";
import { CodecError, NetworkError } from "../core/errors.ts";
import { createDeviceLink, deviceLinkWords, encodeDeviceLink } from "../messaging/device/device-link.ts";
import { joinAccount } from "./join-account.ts";

const HERE = "ws://127.0.0.1:7777";
const THERE = "wss://relay.example.org";

/** Joins with a link that names both relays, or with its words; tells which relays are chosen meanwhile and afterwards. */
async function join(options: { chosen?: string[]; words?: boolean; relay?: string; fails?: boolean } = {}) {
  const { chosen = [], words = false, fails = false, relay } = options;
  let relays: readonly string[] = chosen;
  let meanwhile: readonly string[] | null = null;
  const link = createDeviceLink([HERE, THERE], 0);
  const text = words ? deviceLinkWords(link) : encodeDeviceLink(link);
  const rooms = {
    gate: {
      joinAccount: async () => {
        meanwhile = relays;
        if (fails) throw new NetworkError("device_link_unanswered", "The main device did not answer.");
      },
    },
    settings: { read: () => ({ relays }) },
    changeSettings: (patch: { readonly relays: readonly string[] }) => (relays = patch.relays),
    clock: { nowMs: () => 0 },
  };
  const request = { link: text, name: "Laptop", ...(relay === undefined ? {} : { relay }) };
  const error = await joinAccount(rooms, request, new AbortController().signal).catch((thrown: unknown) => thrown);
  return { meanwhile, afterwards: relays, error };
}

test("the relays of the link are used from the first question on, and kept; those of the other machine are not", async () => {
  assert.deepEqual(await join(), { meanwhile: [THERE], afterwards: [THERE], error: undefined });
});

test("of words it is the relay that was named with them", async () => {
  const named = await join({ words: true, relay: THERE });
  assert.deepEqual([named.meanwhile, named.afterwards], [[THERE], [THERE]]);
  assert.deepEqual((await join({ words: true, relay: HERE })).afterwards, []);
});

test("relays that were chosen here stay as they are", async () => {
  const other = "wss://other.example.org";
  assert.deepEqual((await join({ chosen: [other] })).afterwards, [other]);
});

test("when nothing comes of it no relay stays chosen", async () => {
  const { meanwhile, afterwards, error } = await join({ fails: true });
  assert.deepEqual([meanwhile, afterwards], [[THERE], []]);
  assert.ok(error instanceof NetworkError);
  const bad = await joinAccount(
    {
      gate: { joinAccount: () => assert.fail("asked") },
      settings: { read: () => ({ relays: [] }) },
      changeSettings: () => assert.fail("changed"),
      clock: { nowMs: () => 0 },
    },
    { link: "nocturne:device/AQID", name: "" },
    new AbortController().signal,
  ).catch((thrown: unknown) => thrown);
  assert.ok(bad instanceof CodecError);
});
