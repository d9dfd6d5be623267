import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { AGENT_LIMITS } from "../core/agent-limits.ts";
import { fromHex, toHex } from "../core/bytes.ts";
import { ed25519, type SignatureKeyPair } from "../crypto/signing.ts";
import type { OperatorId } from "../agents/agent-ids.ts";
import { readCertificate } from "../agents/trust/certificate.ts";
import { encodeGenesis } from "../agents/trust/genesis.ts";
import { newFolder, newNetwork } from "../agents/testing.ts";
import { currentCertificate } from "./agent-certificate.ts";
import { type AgentInvitation, encodeInvitation, readInvitation } from "./agent-invitation.ts";
import { isAgentLocked, lockAgent } from "./agent-lock.ts";
import { agentPaths } from "./agent-paths.ts";
import { type AgentMade, type AgentSetup, machineOf, setUpAgent } from "./agent-setup.ts";
import { genesisIn, readAgentSettings, writeAgentSettings } from "./agent-settings.ts";
import { makeOperatorKeys, readOpenOperatorKeys } from "./operator-keys.ts";

const NOW = 1_800_000_000_000;
const nobody = (): Promise<null> => Promise.resolve(null);

function setUp(dataDir: string, more: Partial<AgentSetup> = {}): Promise<AgentMade> {
  return setUpAgent({ dataDir, label: "desk", invitation: null, passphrase: nobody, nowMs: NOW, ...more });
}

function invitationOf(genesis: Uint8Array): AgentInvitation {
  return { genesis, networkKey: null, bootstrap: ["/ip4/192.0.2.1/tcp/9090"], machine: null };
}

test("a person's own network: three operators, one machine here, an invitation for another", async (t) => {
  const [desk, laptop] = [newFolder(t), newFolder(t)];
  const made = await setUp(desk);
  assert.deepEqual([made.genesis.operators.length, made.isInGenesis, made.genesis.name], [3, true, "desk"]);
  assert.equal(made.certifiedUntilMs, NOW + AGENT_LIMITS.paperMs);
  const paths = agentPaths(desk);
  for (const name of readdirSync(paths.folder)) assert.equal(statSync(join(paths.folder, name)).mode & 0o777, 0o600);
  await assert.rejects(setUp(desk), { code: "agent_exists" });

  const invitation = readInvitation(readFileSync(made.invitation as string, "utf8"));
  const other = await setUp(laptop, { label: null, invitation, nowMs: NOW + 1_000 });
  assert.deepEqual([other.operator, other.genesis.network], [made.operator, made.genesis.network]);
  assert.notEqual(other.device, made.device);
  assert.ok(!existsSync(agentPaths(laptop).operatorKeys), "the operator's key stays where it was");
  const [here, there] = [desk, laptop].map((dir) => readAgentSettings(agentPaths(dir).settings));
  assert.deepEqual(there?.networkKey, here?.networkKey);
  assert.equal(there?.networkKey?.length, 32);
});

test("the network of others: an operator of the genesis needs nobody, another one does", async (t) => {
  const [member, newcomer] = [newFolder(t), newFolder(t)];
  const keys = await makeOperatorKeys(agentPaths(member).operatorKeys, 3, null);
  const { operators: others } = newNetwork(3, { commitMs: 1_000, revealMs: 1_000 });
  const last = toHex((keys[2] as SignatureKeyPair).publicKey);
  const operators = [...others.slice(1).map(({ publicKey }) => toHex(publicKey)), last] as OperatorId[];
  const genesis = encodeGenesis({ name: "club", madeAtMs: NOW, commitMs: 2_000, revealMs: 2_000, operators });
  const inside = await setUp(member, { invitation: invitationOf(genesis) });
  assert.deepEqual([inside.operator, inside.isInGenesis, inside.invitation], [last, true, null]);
  const outside = await setUp(newcomer, { invitation: invitationOf(genesis) });
  assert.equal(outside.isInGenesis, false);
  assert.equal(readOpenOperatorKeys(agentPaths(newcomer).operatorKeys)?.length, 1);
  const settings = readAgentSettings(agentPaths(newcomer).settings);
  assert.deepEqual([settings.bootstrap, settings.networkKey], [["/ip4/192.0.2.1/tcp/9090"], null]);
  assert.equal(genesisIn(settings, "").name, "club");
});

test("an invitation is read as it was written, and nothing else is one", async (t) => {
  const made = await setUp(newFolder(t));
  const networkKey = new Uint8Array(32).fill(7);
  const operator = ed25519.createKeyPair();
  const genesis = encodeGenesis(made.genesis);
  const machine = machineOf(made.genesis, operator, "laptop", NOW);
  const whole: AgentInvitation = { genesis, networkKey, bootstrap: ["/ip4/192.0.2.1/tcp/1"], machine };
  assert.deepEqual(readInvitation(encodeInvitation(whole)), whole);
  const text = encodeInvitation(whole);
  const bad = [
    "",
    "{}",
    text.slice(1),
    text.replace('"version":1', '"version":2'),
    text.replace(toHex(genesis), toHex(genesis).replace(/..$/, "00")),
    text.replace("0707", "07"),
  ];
  for (const one of bad) assert.throws(() => readInvitation(one), { code: "agent_invitation" }, one);
  const stranger = { ...machine, deviceKey: fromHex("42".repeat(32)) };
  await assert.rejects(setUp(newFolder(t), { invitation: { ...whole, machine: stranger } }), {
    code: "agent_invitation",
  });
});

test("a setup that was broken off goes on with the same keys", async (t) => {
  const dataDir = newFolder(t);
  await assert.rejects(setUp(dataDir, { label: "two\nlines" }), { code: "agent_genesis" });
  const keys = readFileSync(agentPaths(dataDir).operatorKeys, "utf8");
  const made = await setUp(dataDir);
  assert.equal(readFileSync(agentPaths(dataDir).operatorKeys, "utf8"), keys);
  assert.ok(made.genesis.operators.includes(made.operator));
});

test("a certificate is made anew in its last quarter, if the operator's key lies open here", async (t) => {
  const dataDir = newFolder(t);
  const made = await setUp(dataDir);
  const paths = agentPaths(dataDir);
  const device = ed25519.createKeyPair(fromHex(readFileSync(paths.deviceKey, "utf8").trim()));
  const { network } = made.genesis;
  const until = (nowMs: number): number | undefined => {
    return readCertificate(currentCertificate(paths, made.genesis, device, nowMs), network)?.notAfterMs;
  };
  const early = NOW + (AGENT_LIMITS.paperMs * 3) / 4;
  assert.equal(until(early), made.certifiedUntilMs);
  assert.equal(until(early + 1), early + 1 + AGENT_LIMITS.paperMs);
  assert.equal(until(early + 2), early + 1 + AGENT_LIMITS.paperMs, "the new one is kept");
  const elsewhere = newFolder(t);
  const invitation = readInvitation(readFileSync(made.invitation as string, "utf8"));
  const other = await setUp(elsewhere, { invitation });
  const seed = fromHex(readFileSync(agentPaths(elsewhere).deviceKey, "utf8").trim());
  const there = currentCertificate(agentPaths(elsewhere), made.genesis, ed25519.createKeyPair(seed), early + 1);
  assert.equal(readCertificate(there, network)?.notAfterMs, other.certifiedUntilMs);
});

test("settings last, and damaged ones are told", async (t) => {
  const dataDir = newFolder(t);
  const { settings: path } = agentPaths(dataDir);
  assert.throws(() => readAgentSettings(path), { code: "agent_missing" });
  await setUp(dataDir);
  const settings = readAgentSettings(path);
  assert.deepEqual([settings.port, settings.apiPort, settings.lan, settings.computes], [9_090, 9_091, true, false]);
  const changed = { ...settings, port: 1, lan: false, bootstrap: ["/ip4/192.0.2.1/tcp/1"] };
  writeAgentSettings(path, changed);
  assert.deepEqual(readAgentSettings(path), changed);
  writeFileSync(path, "{}");
  assert.throws(() => readAgentSettings(path), { code: "agent_settings_corrupt" });
});

test("a folder has one agent at a time", (t) => {
  const path = join(newFolder(t), "lock");
  assert.equal(isAgentLocked(path), false);
  const held = lockAgent(path);
  assert.equal(isAgentLocked(path), true);
  assert.throws(() => lockAgent(path), { code: "agent_in_use" });
  held[Symbol.dispose]();
  assert.equal(isAgentLocked(path), false);
  lockAgent(path)[Symbol.dispose]();
});
