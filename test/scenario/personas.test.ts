/**
 * Personas with the real product, by the command line: one that writes and leads a group, beside her who made it; then
 * its end while the app is off, by a kill in the middle, and by hand.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { meet, texts, until } from "../support/acquaintance.ts";
import { temporaryFolder } from "../support/cleanup.ts";
import { freePort, type NocturneProcess, startNocturne, startRelayProcess } from "../support/nocturne-process.ts";

interface PersonaLine {
  readonly id: string;
  readonly label: string;
  readonly npub: string;
  readonly hex: string;
  readonly fingerprint: string;
  readonly devices: readonly unknown[];
  readonly expiresAt: string | null;
  readonly unread: number;
}

interface Failure {
  readonly error: { readonly code: string };
}

/** The node as a persona of its sees it. */
function acting(node: NocturneProcess, label: string): NocturneProcess {
  return { ...node, run: (args, options) => node.run(["--persona", label, ...args], options) };
}

async function personasOf(node: NocturneProcess): Promise<PersonaLine[]> {
  return (await node.run<PersonaLine[]>(["id", "persona", "list", "--json"])).json;
}

async function refusalOf(node: NocturneProcess, args: readonly string[]): Promise<[number | null, string]> {
  const { code, stderr } = await node.run([...args, "--json"]);
  return [code, (JSON.parse(stderr) as Failure).error.code];
}

test("a persona writes, leads a group and ends, apart from its owner", async (t) => {
  const relay = await startRelayProcess(t, { dataDir: temporaryFolder(t), port: await freePort() });
  const [ada, bo, cy] = [await startNocturne(t), await startNocturne(t), await startNocturne(t)];
  assert.deepEqual(await refusalOf(ada, ["id", "persona", "new", "shop"]), [5, "persona_needs_relay"]);
  const atOwnRelay = ["id", "persona", "new", "shop", "--relay", ada.relay];
  assert.deepEqual(await refusalOf(ada, atOwnRelay), [5, "persona_relay_shared"]);
  const options = ["--relay", relay.url, "--expires", "30d", "--name", "Quillon"];
  const made = await ada.run<PersonaLine>(["id", "persona", "new", "shop", ...options, "--json"]);
  assert.equal(made.code, 0, made.stderr);
  const { npub, hex, fingerprint, devices, expiresAt } = made.json;
  assert.notEqual(npub, ada.npub);
  assert.ok(hex.length === 64 && fingerprint.length > 0 && devices.length === 1 && expiresAt !== null);

  const shop = acting(ada, "shop");
  await meet(ada, bo);
  await meet(shop, cy);
  assert.equal((await cy.run(["send", "alice", "a letter for the shop", "--wait", "delivered"])).code, 0);
  assert.equal((await bo.run(["send", "alice", "a letter for Ada", "--wait", "delivered"])).code, 0);
  assert.deepEqual(await texts(shop, 1), ["a letter for the shop"]);
  assert.deepEqual(await texts(ada, 1), ["a letter for Ada"]);
  assert.equal((await personasOf(ada))[0]?.unread, 1);
  const group = await shop.run<{ id: string }>(["group", "create", "walnuts", "bob", "--json"]);
  assert.equal(group.code, 0, group.stderr);
  await until("Cy is in the group", async () => (await cy.run(["send", "walnuts", "hello all"])).code === 0);
  assert.deepEqual(await texts(shop, 2), ["a letter for the shop", "hello all"]);
  assert.equal((await ada.run(["send", "walnuts", "x"])).code, 1, "Ada herself knows no such group");
  assert.deepEqual(await refusalOf(shop, ["channel", "create", "news"]), [5, "persona_not_here"]);
  assert.deepEqual(await refusalOf(shop, ["send", "bob", "--file", "package.json"]), [5, "persona_no_files"]);
  assert.deepEqual(await refusalOf(acting(ada, "nobody"), ["inbox"]), [1, "unknown_persona"]);

  await t.test("kill -9 right at its end: after the next start nothing of it is left", async () => {
    const brief = ["id", "persona", "new", "brief", "--relay", "ws://127.0.0.1:9", "--expires", "1s", "--json"];
    const { id } = (await ada.run<PersonaLine>(brief)).json;
    await until("it ends", async () => !(await personasOf(ada)).some(({ label }) => label === "brief"));
    await ada.end("SIGKILL");
    const again = await startNocturne(t, { dataDir: ada.dataDir, ports: ada.ports });
    assert.deepEqual(
      (await personasOf(again)).map(({ label }) => label),
      ["shop"],
    );
    assert.deepEqual(await texts(acting(again, "shop"), 2), ["a letter for the shop", "hello all"]);
    await again.end();
    assert.ok(!onDisk(ada).includes(`p${id}_`));
    assert.ok(onDisk(ada).includes(`p${made.json.id}_`), "the search sees what is there");
  });

  await t.test("removed without a running node, it is gone for good", async () => {
    const removed = await ada.run(["id", "persona", "remove", "shop"]);
    assert.equal(removed.code, 0, removed.stderr);
    assert.ok(!onDisk(ada).includes(`p${made.json.id}_`));
    const again = await startNocturne(t, { dataDir: ada.dataDir, ports: ada.ports });
    assert.deepEqual(await personasOf(again), []);
    assert.deepEqual(await texts(again, 1), ["a letter for Ada"]);
  });
});

/** Only while no node runs: reading the file would drop its lock. */
function onDisk({ dataDir }: NocturneProcess): string {
  return readFileSync(join(dataDir, "vault.db"), "latin1");
}
