import assert from "node:assert/strict";
import { test } from "node:test";
import { API_LIMITS } from "../core/limits.ts";
import { Tickets } from "./tickets.ts";

const DOWNLOAD = { name: "a", bytes: 0, open: async function* (): AsyncGenerator<Uint8Array> {} };

test("a ticket is good once, and not for long", () => {
  let nowMs = 0;
  const tickets = new Tickets({ nowMs: () => nowMs });
  const [used, late, forgotten] = [tickets.issue(DOWNLOAD), tickets.issue(DOWNLOAD), tickets.issue(DOWNLOAD)];
  assert.equal(tickets.redeem(used), DOWNLOAD);
  assert.throws(() => tickets.redeem(used), { code: "unknown_ticket" });
  nowMs = API_LIMITS.downloadTicketMs;
  assert.throws(() => tickets.redeem(late), { code: "unknown_ticket" });
  nowMs = 0;
  tickets.clear();
  assert.throws(() => tickets.redeem(forgotten), { code: "unknown_ticket" });
});

test("only so many wait; the oldest gives way", () => {
  const tickets = new Tickets({ nowMs: () => 0 });
  const all = Array.from({ length: API_LIMITS.downloadTickets + 1 }, () => tickets.issue(DOWNLOAD));
  assert.throws(() => tickets.redeem(all[0] as string), { code: "unknown_ticket" });
  for (const ticket of all.slice(1)) assert.equal(tickets.redeem(ticket), DOWNLOAD);
});
