/** How patient an invite is with the relay that it names. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { createPerson, type Network, type Person } from "../../test/support/messenger-world.ts";
import { UnrulyRelay } from "../../test/support/unruly-relay.ts";
import { systemClock } from "../core/clock.ts";
import { unreachable } from "../route/carrier.ts";
import { routeMissing } from "../route/errors.ts";

const ONION = `ws://${"a".repeat(56)}.onion/`;
const I2P = `ws://${"b".repeat(52)}.b32.i2p/`;

/** Alice's relay has this address; Bob's first `failures` questions to it fail like this. */
async function inviteFrom(
  t: TestContext,
  url: string,
  failures: number,
  failure: Error = unreachable(),
): Promise<{ bob: Person; link: string; asked: () => number }> {
  const relay = new UnrulyRelay();
  let asked = 0;
  const network: Network = {
    url,
    connect: () => {
      const { pool, cut } = relay.connect();
      const fetch: typeof pool.fetch = async (...question) => {
        if (asked++ < failures) throw failure;
        return await pool.fetch(...question);
      };
      return { pool: Object.assign(Object.create(pool), { fetch }), cut };
    },
  };
  const alice = await createPerson(t, "Alice", network, systemClock);
  const bob = await createPerson(t, "Bob", network, systemClock);
  const { link } = await alice.messenger.createInvite();
  return { bob, link, asked: () => asked };
}

test("a relay inside Tor or I2P that does not answer at first is asked again, and the invite is good", async (t) => {
  for (const [url, failure] of [
    [ONION, unreachable()],
    [ONION, unreachable(unreachable(new Error("TTL expired")))],
    [I2P, unreachable()],
  ] as const) {
    const { bob, link, asked } = await inviteFrom(t, url, 2, failure);
    const { state } = await bob.messenger.addContact({ invite: link, name: "Alice" });
    assert.deepEqual([state, asked()], ["pending", 3], url);
  }
});

test("of any other relay, and without a way to it, one failure is told at once", async (t) => {
  const missing = unreachable(routeMissing({ message: "There is no Tor.", hint: "Install it." }));
  for (const [url, failure] of [
    ["wss://relay.example/", unreachable()],
    [ONION, missing],
  ] as const) {
    const { bob, link, asked } = await inviteFrom(t, url, 1, failure);
    await assert.rejects(bob.messenger.addContact({ invite: link, name: "Alice" }), { code: "invite_unreachable" });
    assert.equal(asked(), 1, url);
  }
});

test("a relay inside Tor that has lost the card is believed at once", async (t) => {
  const { link } = await inviteFrom(t, ONION, 0);
  const elsewhere = await inviteFrom(t, ONION, 0);
  await assert.rejects(elsewhere.bob.messenger.addContact({ invite: link }), { code: "invite_unreachable" });
  assert.equal(elsewhere.asked(), 1);
});
