/** Networks of agents for tests: operators, their papers, and agents that run on loopback until the test ends. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { toHex } from "../core/bytes.ts";
import { createLogger } from "../core/log.ts";
import { ed25519, type SignatureKeyPair } from "../crypto/signing.ts";
import { Agent, type AgentOptions } from "./agent.ts";
import type { DeviceId, OperatorId } from "./agent-ids.ts";
import { signCertificate } from "./trust/certificate.ts";
import { signEndorsement } from "./trust/endorsement.ts";
import { encodeEnrolment } from "./trust/enrolment.ts";
import { encodeGenesis, type Genesis, readGenesis } from "./trust/genesis.ts";

const DAY_MS = 86_400_000;

export interface TestNetwork {
  readonly genesis: Genesis;
  /** Of the genesis. */
  readonly operators: readonly SignatureKeyPair[];
}

export function newNetwork(
  operators: number,
  windows: { readonly commitMs: number; readonly revealMs: number },
): TestNetwork {
  const keys = Array.from({ length: operators }, () => ed25519.createKeyPair());
  const bytes = encodeGenesis({
    name: "test",
    madeAtMs: Date.now() - DAY_MS,
    ...windows,
    operators: keys.map(({ publicKey }) => toHex(publicKey) as OperatorId),
  });
  return { genesis: readGenesis(bytes) as Genesis, operators: keys };
}

export function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "nocturne-agents-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What an operator signs for a device. */
export function certify({ genesis }: TestNetwork, operator: SignatureKeyPair, device: SignatureKeyPair): Uint8Array {
  const madeAtMs = Date.now() - 1_000;
  const about = { network: genesis.network, device: toHex(device.publicKey) as DeviceId, label: "agent" };
  return signCertificate({ ...about, madeAtMs, notAfterMs: madeAtMs + DAY_MS }, operator);
}

/** The body of an enrolment by these endorsers. */
export function enrol(
  { genesis }: TestNetwork,
  target: SignatureKeyPair,
  endorsers: readonly SignatureKeyPair[],
): Uint8Array {
  const madeAtMs = Date.now() - 1_000;
  const about = {
    network: genesis.network,
    target: toHex(target.publicKey) as OperatorId,
    label: "friend",
    mostAgents: 4,
  };
  const papers = endorsers.map((by) => signEndorsement({ ...about, madeAtMs, notAfterMs: madeAtMs + DAY_MS }, by));
  return encodeEnrolment(papers, genesis.network);
}

/** An agent of this operator, beginning with those that run. */
export async function startAgent(
  t: TestContext,
  network: TestNetwork,
  operator: SignatureKeyPair,
  others: readonly Agent[] = [],
  more: Partial<AgentOptions> = {},
): Promise<Agent> {
  const device = more.device ?? ed25519.createKeyPair();
  const agent = await Agent.start({
    folder: newFolder(t),
    genesis: network.genesis,
    device,
    certificate: certify(network, operator, device),
    enrolment: null,
    listen: { host: "127.0.0.1", port: 0 },
    bootstrap: others.flatMap((one) => one.status().addresses.slice(0, 1)),
    lan: false,
    networkKey: null,
    computes: false,
    log: createLogger("silent"),
    ...more,
  });
  t.after(() => agent[Symbol.asyncDispose]());
  return agent;
}

/** Resolves once `question` does not answer false or nothing any more, with its answer. */
export async function until<T>(question: () => T | null | false | undefined, limitMs: number = 20_000): Promise<T> {
  for (const endMs = performance.now() + limitMs; performance.now() < endMs; await sleep(20)) {
    const answer = question();
    if (answer) return answer;
  }
  throw new Error(`it did not happen: ${String(question)}`);
}
