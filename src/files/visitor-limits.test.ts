import assert from "node:assert/strict";
import { test } from "node:test";
import { VisitorLimits } from "./visitor-limits.ts";

const SLUG = "a".repeat(16);

function limits(): { visitors: VisitorLimits; wait: (ms: number) => void } {
  let nowMs = 1_700_000_000_000;
  return { visitors: new VisitorLimits({ nowMs: () => nowMs }), wait: (ms) => void (nowMs += ms) };
}

/** How many calls are let through before one is refused. */
function callsOf(visitors: VisitorLimits, address: string, slugOf: (i: number) => string): number {
  for (let i = 0; i < 10_000; i++) {
    try {
      visitors.call({ address, slug: slugOf(i) });
    } catch (error) {
      assert.equal((error as { code?: string }).code, "too_many_requests");
      return i;
    }
  }
  return Number.POSITIVE_INFINITY;
}

test("a link takes so many calls at once, whoever makes them, and again as many after a minute", () => {
  const { visitors, wait } = limits();
  assert.equal(
    callsOf(visitors, "192.0.2.1", () => SLUG),
    240,
  );
  assert.equal(
    callsOf(visitors, "192.0.2.2", () => SLUG),
    0,
    "the link is what is full",
  );
  assert.equal(
    callsOf(visitors, "192.0.2.2", () => "b".repeat(16)),
    240,
    "other links are not",
  );
  wait(5_000);
  assert.equal(
    callsOf(visitors, "192.0.2.3", () => SLUG),
    20,
  );
  wait(60_000);
  assert.equal(
    callsOf(visitors, "192.0.2.3", () => SLUG),
    240,
  );
});

test("an address takes so many calls for all links together; failures cost ten", () => {
  const { visitors, wait } = limits();
  assert.equal(
    callsOf(visitors, "192.0.2.1", (i) => `link ${i % 7}`),
    600,
  );
  assert.equal(
    callsOf(visitors, "2001:db8::1", (i) => `other ${i}`),
    600,
  );
  wait(60_000);
  for (let i = 0; i < 50; i++) visitors.failed({ address: "192.0.2.1", slug: SLUG });
  assert.equal(
    callsOf(visitors, "192.0.2.1", (i) => `link ${i % 7}`),
    100,
  );
  assert.equal(
    callsOf(visitors, "192.0.2.9", () => SLUG),
    240,
    "others do not pay for them",
  );
});

test("downloads at a time are bounded for a link and for an address, and their ends count once", () => {
  const { visitors } = limits();
  const ends = Array.from({ length: 64 }, () => visitors.begin({ address: "one", slug: SLUG }));
  assert.throws(() => visitors.begin({ address: "two", slug: SLUG }), { code: "too_many_requests" });
  for (let i = 0; i < 64; i++) visitors.begin({ address: "one", slug: `link ${i}` });
  assert.throws(() => visitors.begin({ address: "one", slug: "another" }), { code: "too_many_requests" });
  ends[0]?.();
  ends[0]?.();
  visitors.begin({ address: "two", slug: SLUG })();
  visitors.begin({ address: "two", slug: SLUG });
  assert.throws(() => visitors.begin({ address: "two", slug: SLUG }), { code: "too_many_requests" });
});

test("an address with invented links pushes out neither a link's bucket nor a download", () => {
  const { visitors } = limits();
  assert.equal(
    callsOf(visitors, "192.0.2.1", () => SLUG),
    240,
  );
  const ends = Array.from({ length: 64 }, () => visitors.begin({ address: "192.0.2.1", slug: SLUG }));
  assert.equal(
    callsOf(visitors, "192.0.2.2", (i) => `invented ${i}`),
    600,
  );
  for (let i = 0; i < 5_000; i++) {
    const invented = { address: "192.0.2.2", slug: `more ${i}` };
    assert.throws(() => visitors.call(invented), { code: "too_many_requests" });
    visitors.failed(invented);
  }
  assert.ok(visitors.remembered < 700, `${visitors.remembered} remembered`);
  assert.throws(() => visitors.call({ address: "192.0.2.3", slug: SLUG }), { code: "too_many_requests" });
  // Many addresses fill the table; the link that downloads run of, and who runs them, stay in it.
  for (let i = 0; i < 10_000; i++) visitors.call({ address: `198.51.100.${i}`, slug: `of ${i}` });
  assert.throws(() => visitors.begin({ address: "192.0.2.4", slug: SLUG }), { code: "too_many_requests" });
  for (const end of ends) end();
  visitors.begin({ address: "192.0.2.4", slug: SLUG });
});

test("addresses of one IPv6 network count as one, those of IPv4 each for itself however they are written", () => {
  const { visitors } = limits();
  const calls = (address: string): number => callsOf(visitors, address, (i) => `${address} ${i}`);
  assert.equal(calls("2001:db8:1:2::1"), 600);
  for (const same of ["2001:db8:1:2:ffff::7", "2001:0DB8:0001:0002:0:0:0:9"]) assert.equal(calls(same), 0, same);
  assert.equal(calls("2001:db8:1:3::1"), 600);
  assert.equal(calls("2001:db8::1"), 600);
  assert.equal(calls("::ffff:192.0.2.1"), 600);
  assert.equal(calls("::ffff:192.0.2.2"), 600);
  assert.equal(calls("fe80::1%eth0"), 600);
  assert.equal(calls("fe80::2%eth1"), 0);
});

test("the table is bounded, and holds no address", () => {
  const { visitors } = limits();
  for (let i = 0; i < 10_000; i++) visitors.call({ address: `198.51.100.${i}`, slug: SLUG.replace("a", String(i)) });
  assert.equal(visitors.remembered, 4_096);
});

test("visitors who cannot be told apart share more, and none can shut out the others by wrong proofs", () => {
  const visitors = new VisitorLimits({ nowMs: () => 1_700_000_000_000 }, { shared: true });
  for (let i = 0; i < 1_000; i++) visitors.failed({ address: "127.0.0.1", slug: SLUG });
  assert.equal(
    callsOf(visitors, "127.0.0.1", () => SLUG),
    240,
    "each link is bounded as ever",
  );
  assert.equal(
    callsOf(visitors, "127.0.0.1", (i) => `link ${i % 100}`),
    4_800 - 240,
  );
});
