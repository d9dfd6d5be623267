/**
 * Five people, five processes, one group: made, joined by invitation and by link, written in by all, changed, left,
 * with one of them killed on the way. The steps build on each other.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Conversation, Group, Message } from "../../src/api/contract.ts";
import { becomes, groupOf, insist, messagesOf, noticesOf, roll, say, stateOf, textsOf } from "../support/group.ts";
import { type NocturneProcess, startNocturne } from "../support/nocturne-process.ts";
import { ask, befriend, deliver } from "../support/people.ts";

const BURST = 8;

test("a group of five over its whole life", async (t) => {
  const five = (await Promise.all([1, 2, 3, 4, 5].map(() => startNocturne(t)))) as Five;
  const [ada, , cyd, , eve] = five;
  let [, bob, , dan] = five;
  const short = (...nodes: readonly NocturneProcess[]) => nodes.map(({ npub }) => npub.slice(0, 12));
  let id = "";
  let isBroken = false;
  /** Every step stands on those before it. */
  const step = async (what: string, work: () => Promise<void>) => {
    await t.test(what, { skip: isBroken }, async () => {
      isBroken = true;
      await work();
      isBroken = false;
    });
  };

  await step("Ada meets three and makes a group; all come in", async () => {
    await introduce({ ada, bob, cyd, dan, eve });
    for (const [guest, name] of [
      [bob, "bob"],
      [cyd, "cyd"],
      [dan, "dan"],
    ] as const) {
      await befriend(ada, guest, { host: "ada", guest: name });
    }
    const made = await ada.run<Group>(["group", "create", "Climbers", "bob", "CYD", dan.npub, "--json"]);
    assert.equal(made.code, 0, made.stderr);
    id = made.json.id;
    assert.match(id, /^g[0-9a-f]{32}$/);
    assert.deepEqual([made.json.name, made.json.admin, made.json.joined], ["Climbers", true, true]);
    const [a, ...others] = short(ada, bob, cyd, dan);
    const wanted = [`${a} admin`, ...others].sort();
    for (const one of [ada, bob, cyd, dan]) await becomes("all are in", () => rollIfThere(one, id), wanted);
    const [conversation] = await groupConversations(bob);
    assert.deepEqual([conversation?.id, conversation?.name, conversation?.contact], [id, "Climbers", null]);
    assert.equal((await groupOf(bob, id)).members.find(({ me }) => me)?.npub, bob.npub);
  });

  await step("everybody writes at once, everybody reads all, in order per author", async () => {
    const four = [ada, bob, cyd, dan];
    const sent = await Promise.all(four.map((one, i) => burst(() => one, id, `from ${i}`)));
    for (const reader of four)
      await readsAll(
        reader,
        id,
        four.map((author, i) => [author, `from ${i}`]),
      );
    for (const [i, ids] of sent.entries()) {
      for (const one of ids) assert.equal(await stateOf(four[i] as NocturneProcess, one), "delivered");
    }
    const byName = await bob.run<{ id: string; state: string }>([
      "send",
      "climbers",
      "by name",
      "--wait",
      "delivered",
      "--json",
    ]);
    assert.equal(byName.json.state, "delivered", byName.stderr);
    const inbox = await cyd.run(["inbox", "--with", "Climbers", "--json"]);
    assert.match(inbox.stdout, /"by name"/);
  });

  await step("one is killed in the middle of traffic: nothing lost or doubled", async () => {
    const four = () => [ada, bob, cyd, dan];
    const sending = four().map((_, i) => burst(() => four()[i] as NocturneProcess, id, `storm ${i}`));
    await sleep(400);
    await dan.end("SIGKILL");
    const unheard = await say(ada, id, "Dan does not hear this yet");
    await becomes("Bob has it", () => has(bob, id, unheard), true);
    assert.equal(await stateOf(ada, unheard, 1), "sent", "not delivered before all have it");
    await ask(ada, "PATCH", `/groups/${id}`, { name: "Night climbers" });
    await becomes("Bob sees the name", async () => (await groupOf(bob, id)).name, "Night climbers");
    await say(cyd, id, "After the new name");
    dan = await startNocturne(t, { dataDir: dan.dataDir, ports: dan.ports });
    await Promise.all(sending);
    assert.equal(await stateOf(ada, unheard), "delivered");
    await becomes("Dan sees the name", async () => (await groupOf(dan, id)).name, "Night climbers");
    for (const reader of four()) {
      await readsAll(
        reader,
        id,
        four().map((author, i) => [author, `storm ${i}`]),
      );
      assert.equal((await textsOf(reader, id)).filter((text) => text === "After the new name").length, 1);
    }
  });

  await step("reply, reaction, edit, deletion and timer reach all", async () => {
    const question = await say(ada, id, "Tonight?");
    await becomes("Bob has the question", () => has(bob, id, question), true);
    const answer = await say(bob, id, "Yes", { replyTo: question });
    const others = [bob, cyd, dan];
    for (const one of others) await becomes("the answer", () => has(one, id, answer), true);
    assert.equal((await messageOf(cyd, id, answer))?.replyTo?.excerpt, "Tonight?");
    await ask(cyd, "PUT", `/messages/${question}/reaction`, { emoji: "👍" });
    await ask(dan, "PUT", `/messages/${question}/reaction`, { emoji: "👍" });
    await ask(ada, "PUT", `/messages/${question}`, { text: "Tomorrow?" });
    const wanted = ["Tomorrow?", 2];
    for (const one of [ada, ...others]) {
      const seen = async () => [(await messageOf(one, id, question))?.text, await reactions(one, id, question)];
      await becomes("edit and reactions", seen, wanted);
    }
    await ask(bob, "DELETE", `/messages/${answer}?for=all`);
    for (const one of [ada, ...others]) {
      await becomes("deletion", async () => (await messageOf(one, id, answer))?.deleted, true);
    }
    await ask(ada, "PATCH", `/conversations/${id}`, { timerSeconds: 3 });
    for (const one of others) await becomes("timer", async () => (await groupConversations(one))[0]?.timerSeconds, 3);
    const brief = await say(ada, id, "This will not last");
    await becomes("it is gone where it was sent", () => has(ada, id, brief), false);
    await ask(ada, "PATCH", `/conversations/${id}`, { timerSeconds: null });
    for (const one of others)
      await becomes("timer", async () => (await groupConversations(one))[0]?.timerSeconds, null);
  });

  await step("Bob becomes an admin; Eve applies by link, and Bob lets her in", async () => {
    assert.equal((await bob.run(["group", "rename", id, "Bob's"])).code, 1, "not before he is one");
    const changed = await ada.run<Group>(["group", "admin", "night climbers", "bob", "--json"]);
    assert.equal(changed.code, 0, changed.stderr);
    await becomes("Bob is admin", async () => (await groupOf(bob, id)).admin, true);
    const { json: linked } = await bob.run<{ link: string }>(["group", "link", id, "--json"]);
    assert.match(linked.link, /^nocturne:group\//);
    const joined = await eve.run(["group", "join", "-", "--json"], { stdin: `${linked.link}\n` });
    assert.deepEqual([joined.code, joined.json], [0, { applied: true }], joined.stderr);
    const [e] = short(eve);
    await becomes("Bob sees it", async () => (await roll(bob, id)).includes(`${e} applied`), true);
    assert.deepEqual(await groupConversations(eve), []);
    const approved = await bob.run(["group", "approve", id, eve.npub, "--json"]);
    assert.equal(approved.code, 0, approved.stderr);
    const all = [ada, bob, cyd, dan, eve];
    const [a, b, ...rest] = short(...all);
    const wanted = [`${a} admin`, `${b} admin`, ...rest].sort();
    for (const one of all) await becomes("Eve is in", () => rollIfThere(one, id), wanted);
    assert.ok(!(await textsOf(eve, id)).includes("Tomorrow?"), "she does not read what was said before her");
    const words = await say(eve, id, "Hello from Eve");
    assert.equal(await stateOf(eve, words), "delivered");
    for (const one of all) assert.ok(await has(one, id, words));
  });

  await step("Cyd is removed: she keeps what she read, and reads nothing from then on", async () => {
    const before = await textsOf(cyd, id);
    const removed = await bob.run<Group>(["group", "remove", id, cyd.npub, "--json"]);
    assert.equal(removed.code, 0, removed.stderr);
    await becomes("Cyd knows", async () => (await groupOf(cyd, id)).joined, false);
    for (const one of [ada, dan, eve]) {
      await becomes("she is out", async () => (await roll(one, id)).includes(short(cyd)[0] as string), false);
    }
    const secret = await say(ada, id, "Without Cyd");
    assert.equal(await stateOf(ada, secret), "delivered");
    for (const one of [bob, dan, eve]) assert.ok(await has(one, id, secret));
    await deliver(ada, cyd, "a word to you alone"); // by then the group's letters would have come, too
    const inbox = await cyd.run(["inbox", "--json"]);
    assert.match(inbox.stdout, /a word to you alone/);
    assert.doesNotMatch(inbox.stdout, /Without Cyd/);
    assert.deepEqual(await textsOf(cyd, id), before);
    assert.equal((await cyd.run(["send", id, "let me in"])).code, 1);
    assert.equal((await cyd.run(["group", "rename", id, "Mine"])).code, 1);
  });

  await step("Dan leaves: nothing more comes to him", async () => {
    const before = await textsOf(dan, id);
    const left = await dan.run<Group>(["group", "leave", "Night climbers", "--json"]);
    assert.deepEqual([left.code, left.json.joined], [0, false], left.stderr);
    const [a, b, e] = short(ada, bob, eve);
    const wanted = [`${a} admin`, `${b} admin`, `${e}`].sort();
    for (const one of [ada, bob, eve]) await becomes("Dan is out", () => roll(one, id), wanted);
    const words = await say(eve, id, "Three of us");
    assert.equal(await stateOf(eve, words), "delivered");
    await deliver(ada, dan, "goodbye");
    assert.deepEqual(await textsOf(dan, id), before);
    assert.ok((await noticesOf(ada, id)).some((text) => /left/.test(text)));
    assert.equal((await dan.run(["send", id, "still here?"])).code, 1);
  });

  await step("the last admin cannot go while others stay; what was read survives a restart", async () => {
    assert.equal((await ada.run(["group", "admin", id, "bob", "--off"])).code, 0);
    await becomes("Bob is none", async () => (await groupOf(bob, id)).admin, false);
    const refused = await ada.run(["group", "leave", id, "--json"]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /"last_admin"/);
    const before = await textsOf(bob, id);
    await bob.end("SIGTERM");
    bob = await startNocturne(t, { dataDir: bob.dataDir, ports: bob.ports });
    assert.deepEqual(await textsOf(bob, id), before);
    const words = await say(bob, id, "Back again");
    assert.equal(await stateOf(bob, words), "delivered");
  });
});

type Five = [NocturneProcess, NocturneProcess, NocturneProcess, NocturneProcess, NocturneProcess];

/** Everybody says what he is called. */
async function introduce(people: Readonly<Record<string, NocturneProcess>>): Promise<void> {
  for (const [displayName, node] of Object.entries(people)) await ask(node, "PATCH", "/settings", { displayName });
}

/** Several texts one after the other; returns their ids. */
async function burst(node: () => NocturneProcess, id: string, words: string): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < BURST; n++) ids.push(await insist(node, id, `${words}, ${n}`));
  return ids;
}

/** Waits until the reader has each author's whole burst, in order and once. */
async function readsAll(
  reader: NocturneProcess,
  id: string,
  bursts: readonly (readonly [NocturneProcess, string])[],
): Promise<void> {
  for (const [author, words] of bursts) {
    const seen = async () => (await textsOf(reader, id, author)).filter((text) => text.startsWith(`${words},`));
    await becomes(
      `all of "${words}"`,
      seen,
      Array.from({ length: BURST }, (_, n) => `${words}, ${n}`),
    );
  }
}

async function messageOf(node: NocturneProcess, id: string, message: string): Promise<Message | undefined> {
  return (await messagesOf(node, id)).find((one) => one.id === message);
}

async function has(node: NocturneProcess, id: string, message: string): Promise<boolean> {
  return (await messageOf(node, id, message)) !== undefined;
}

async function reactions(node: NocturneProcess, id: string, message: string): Promise<number> {
  return (await messageOf(node, id, message))?.reactions[0]?.by.length ?? 0;
}

async function groupConversations(node: NocturneProcess): Promise<Conversation[]> {
  return (await ask<Conversation[]>(node, "GET", "/conversations")).filter(({ kind }) => kind === "group");
}

/** Before somebody is in, his node knows no such group. */
async function rollIfThere(node: NocturneProcess, id: string): Promise<string[]> {
  return (await groupConversations(node)).length === 0 ? [] : roll(node, id);
}
