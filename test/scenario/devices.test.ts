/**
 * Several devices of one account, each a process: Ada's main device and a laptop, Bob and Cyd. Linked by the command line,
 * the laptop works alone while the main device is off, is killed on the way, and is revoked. The steps build on each other.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Contact, DeviceLinkView, DeviceView, Group, IdentityView } from "../../src/api/contract.ts";
import { becomes, groupOf, insist, messagesOf, say, stateOf, textsOf } from "../support/group.ts";
import { type NocturneProcess, startNocturne } from "../support/nocturne-process.ts";
import { ask, befriend, deliver, type Reachable } from "../support/people.ts";

const BURST = 12;
const AWAY_MS = 1_000;
/** A link that was not used is answered in a fraction of this. */
const UNANSWERED_MS = 5_000;
const REFUSED =
  "Asking the main device ...\nnocturne: This does not link a device: a word is wrong or out of place. " +
  "Copy the whole link again, or make a new one on your main device.";
const BOTH = "Main device active, Laptop active";

test("a laptop of Ada's over its whole life", async (t) => {
  const [main, bob, cyd] = (await Promise.all([1, 2, 3].map(() => startNocturne(t)))) as Three;
  let ada = main;
  let laptop = await startNocturne(t);
  let group = "";
  let usedLink = "";
  let isBroken = false;
  /** Every step stands on those before it. */
  const step = async (what: string, work: () => Promise<void>) => {
    await t.test(what, { skip: isBroken }, async () => {
      isBroken = true;
      await work();
      isBroken = false;
    });
  };
  /** The conversation between Ada and Bob has an id of its own on either side. */
  const direct = { bobs: ada.npub, adas: bob.npub };
  await step("before: Ada and Bob have talked and share a group with Cyd", async () => {
    await befriend(ada, bob, { host: "ada", guest: "bob" });
    await befriend(ada, cyd, { host: "ada", guest: "cyd" });
    await deliver(ada, bob, "hello Bob");
    await deliver(bob, ada, "hello Ada");
    group = (await ask<Group>(ada, "POST", "/groups", { name: "Climbers", members: ["bob", "cyd"] })).id;
    await becomes("all are in", () => standings(cyd, group), "member,member,member");
    await say(ada, group, "welcome");
    await becomes("Cyd reads", () => textsOf(cyd, group), ["welcome"]);
  });

  await step("a wrong word and a link of nobody are refused in plain words", async () => {
    const { words } = (await ada.run<DeviceLinkView>(["device", "link", "--json"])).json;
    const wrong = words.replace(/^\w+/, "nocturne");
    const refused = await laptop.run(["device", "join", "--relay", ada.relay], { stdin: wrong });
    assert.equal(refused.code, 1);
    // The whole error: some of its own words are words of links, so that one by chance in both is not a word told.
    assert.equal(refused.stderr.trim(), REFUSED);
    assert.equal((await ask<IdentityView>(laptop, "GET", "/identity")).npub, laptop.npub);
  });

  await step("the laptop is linked by the link on stdin, and has the history", async () => {
    const made = await ada.run<DeviceLinkView>(["device", "link", "--json"]);
    assert.equal(made.code, 0, made.stderr);
    usedLink = made.json.link;
    const joined = await laptop.run<IdentityView>(["device", "join", "--name", "Laptop", "--json"], {
      stdin: usedLink,
    });
    assert.equal(joined.code, 0, joined.stderr);
    assert.equal(joined.json.npub, ada.npub);
    for (const one of [ada, laptop]) await becomes("the laptop is in", () => devicesOf(one), BOTH);
    await becomes("the direct conversation", () => textsIfThere(laptop, direct.adas), ["hello Bob", "hello Ada"]);
    await becomes("the group's", () => textsIfThere(laptop, group), ["welcome"]);
    const { stdout } = await laptop.run(["device", "list"]);
    assert.match(stdout, /^Main device +main +active .*\nLaptop +this one +active /m);
  });

  await step("a link brings in one device only", async () => {
    const other = await startNocturne(t);
    await other.run(["device", "join", "-"], { stdin: usedLink, limitMs: UNANSWERED_MS });
    assert.equal((await ask<IdentityView>(other, "GET", "/identity")).npub, other.npub);
    assert.equal(await devicesOf(ada), BOTH);
    await other.end();
  });

  await step("the main device is off: the laptop writes and is written to, alone", async () => {
    await ada.end();
    const [toBob, toGroup] = [await say(laptop, direct.adas, "from the laptop"), await say(laptop, group, "me too")];
    for (const id of [toBob, toGroup]) assert.equal(await stateOf(laptop, id), "delivered");
    await say(bob, direct.bobs, "to whoever is on");
    await say(cyd, group, "Cyd too");
    await becomes("the laptop reads Bob", async () => (await textsOf(laptop, direct.adas)).at(-1), "to whoever is on");
    await becomes("and Cyd", async () => (await textsOf(laptop, group)).at(-1), "Cyd too");
    assert.deepEqual(await textsOf(bob, group), ["welcome", "me too", "Cyd too"]);
    const [from] = (await messagesOf(bob, direct.bobs)).filter(({ id }) => id === toBob);
    assert.equal(from?.from.npub, ada.npub, "Bob sees one person");
    assert.equal((await ask<Contact[]>(bob, "GET", "/contacts")).length, 1);
  });

  await step("the laptop is killed in the middle of a burst: nothing is lost or doubled", async () => {
    const halfway = Promise.withResolvers<void>();
    const sending = [
      burst(() => laptop, direct.adas, "to Bob", halfway.resolve),
      burst(() => laptop, group, "to all"),
      burst(() => bob, direct.bobs, "from Bob"),
      burst(() => cyd, group, "from Cyd"),
    ];
    await halfway.promise;
    await laptop.end("SIGKILL");
    await sleep(AWAY_MS);
    laptop = await startNocturne(t, laptop);
    const [toBob = [], toAll = [], fromBob = [], fromCyd = []] = await Promise.all(sending);
    for (const id of [...toBob, ...toAll]) assert.equal(await stateOf(laptop, id), "delivered");
    await holds(laptop, direct.adas, [...toBob, ...fromBob]);
    await holds(bob, direct.bobs, [...toBob, ...fromBob]);
    for (const one of [laptop, bob, cyd]) await holds(one, group, [...toAll, ...fromCyd]);
  });

  await step("the main device comes back and shows all of it, as the laptop and Bob do", async () => {
    ada = await startNocturne(t, ada);
    const wanted = await shownBy(laptop, direct.adas, group);
    assert.ok(wanted.length > 4 * BURST);
    assert.equal(new Set(wanted).size, wanted.length, "nothing twice");
    await becomes("the same on the main device", () => shownBy(ada, direct.adas, group), wanted);
    assert.deepEqual(await shownBy(bob, direct.bobs, group), wanted);
    await deliver(ada, bob, "back again");
    await becomes("on the laptop", async () => (await textsOf(laptop, direct.adas)).at(-1), "back again");
  });

  await step("what only the main device can do is refused elsewhere, at once and by policy", async () => {
    const commands = ["invite", "device link", "device revoke Laptop --yes", `contact add ${cyd.npub}`];
    for (const command of commands) {
      const { code, stderr } = await laptop.run(command.split(" "));
      assert.equal(code, 5, command);
      assert.match(stderr, /^nocturne: Only your main device can do this/, command);
    }
  });

  await step("revoked, the laptop reads and writes nothing any more; everybody else goes on", async () => {
    const revoked = await ada.run(["device", "revoke", "laptop", "--yes"]);
    assert.equal(revoked.code, 0, revoked.stderr);
    await becomes("the laptop knows", () => devicesOf(laptop), "Main device active, Laptop unlinked");
    const before = await shownBy(laptop, direct.adas, group);
    await deliver(bob, ada, "Bob, afterwards");
    await deliver(ada, bob, "Ada, afterwards");
    for (const [one, text] of [
      [ada, "Ada to all, afterwards"],
      [bob, "Bob to all, afterwards"],
    ] as const) {
      assert.equal(await stateOf(one, await say(one, group, text)), "delivered");
    }
    await becomes("Cyd", async () => (await textsOf(cyd, group)).slice(-2), [
      "Ada to all, afterwards",
      "Bob to all, afterwards",
    ]);
    const refused = await laptop.run(["send", "bob", "still me"]);
    assert.deepEqual([refused.code, /does not belong to your account/.test(refused.stderr)], [5, true], refused.stderr);
    await sleep(AWAY_MS);
    assert.deepEqual(await shownBy(laptop, direct.adas, group), before);
    assert.match((await laptop.run(["device", "list"])).stdout, /^Laptop +this one +unlinked: wipe it/m);
    assert.equal(await devicesOf(ada), "Main device active, Laptop revoked");
    for (const one of [bob, cyd]) assert.equal(one.log().match(/error|warn/i), null, one.log());
  });
});

type Three = [NocturneProcess, NocturneProcess, NocturneProcess];

/** Texts of one sender, one after the other; their ids. `halfway` is called in the middle. */
async function burst(
  node: () => Reachable,
  conversation: string,
  text: string,
  halfway: () => void = () => {},
): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < BURST; i++) {
    if (i === BURST / 2) halfway();
    ids.push(await insist(node, conversation, `${text} ${i}`));
  }
  return ids;
}

/** Waits until each of these messages is there, and fails if one is there twice. */
async function holds(node: Reachable, conversation: string, ids: readonly string[]): Promise<void> {
  const count = async () => {
    const there = (await messagesOf(node, conversation)).map(({ id }) => id);
    return ids.map((id) => there.filter((one) => one === id).length);
  };
  await becomes(
    "each once",
    count,
    ids.map(() => 1),
  );
}

async function standings(node: Reachable, group: string): Promise<string> {
  const known = await ask<readonly { id: string }[]>(node, "GET", "/conversations");
  if (!known.some(({ id }) => id === group)) return "";
  return (await groupOf(node, group)).members.map(({ state }) => state).join();
}

async function devicesOf(node: Reachable): Promise<string> {
  const devices = await ask<readonly DeviceView[]>(node, "GET", "/devices");
  return devices.map(({ name, state }) => `${name} ${state}`).join(", ");
}

async function textsIfThere(node: Reachable, conversation: string): Promise<string[]> {
  const known = await ask<readonly { id: string }[]>(node, "GET", "/conversations");
  return known.some(({ id }) => id === conversation) ? textsOf(node, conversation) : [];
}

/** Ids and texts of both conversations, in no order. */
async function shownBy(node: Reachable, direct: string, group: string): Promise<string[]> {
  const all = [...(await messagesOf(node, direct)), ...(await messagesOf(node, group))];
  return all
    .filter(({ kind }) => kind === "text")
    .map(({ id, text }) => `${id} ${text}`)
    .sort();
}
