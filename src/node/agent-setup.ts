/**
 * Makes an agent in a data directory, of one of these:
 *
 *   nothing              a network of one's own: three operators in one file of keys, a key that only one's own machines have
 *   a genesis            the network of several operators; one of its operators, or somebody who will be endorsed
 *   an invitation        the same, with where others are
 *     for this machine   a device that the operator has certified elsewhere: no operator's key comes here
 *
 * The certificate is written last: what was broken off before is begun again.
 */
import { existsSync, mkdirSync } from "node:fs";
import { AGENT_LIMITS } from "../core/agent-limits.ts";
import { toHex, utf8Encode, wipeBytes } from "../core/bytes.ts";
import { CodecError, ValidationError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { ed25519, type SignatureKeyPair } from "../crypto/signing.ts";
import type { DeviceId, OperatorId } from "../agents/agent-ids.ts";
import { type Certificate, readCertificate } from "../agents/trust/certificate.ts";
import { encodeGenesis, type Genesis, readGenesis } from "../agents/trust/genesis.ts";
import { writeFileDurably } from "../vault/durable-file.ts";
import { certifyDevice } from "./agent-certificate.ts";
import { type AgentInvitation, encodeInvitation, type InvitedMachine } from "./agent-invitation.ts";
import { type AgentPaths, agentPaths } from "./agent-paths.ts";
import { USUAL_START, writeAgentSettings } from "./agent-settings.ts";
import { makeOperatorKeys, readOperatorKeys } from "./operator-keys.ts";
import { readOrCreateSeed } from "./seed-file.ts";

export interface AgentSetup {
  readonly dataDir: string;
  /** Of operator and device, as others see them; null only with an invitation for this machine, which has one. */
  readonly label: string | null;
  /** Null: a network of one's own. */
  readonly invitation: AgentInvitation | null;
  /** For the operator's key, new or old; null for none. */
  readonly passphrase: () => Promise<string | null>;
  readonly nowMs: number;
}

export interface AgentMade {
  readonly genesis: Genesis;
  readonly operator: OperatorId;
  readonly device: DeviceId;
  readonly certifiedUntilMs: number;
  readonly isInGenesis: boolean;
  /** For another machine of the same person; null where none was made. */
  readonly invitation: string | null;
}

interface Network {
  readonly invitation: AgentInvitation;
  readonly genesis: Genesis;
}

/** Votes are committed to for a day and opened for half of one. */
export const DEFAULT_WINDOWS = { commitMs: 86_400_000, revealMs: 43_200_000 } as const;

/** Throws ValidationError `agent_exists`, UsageError `agent_certificate` for a label that is none, CodecError `agent_invitation`, and what `readOperatorKeys` throws. */
export async function setUpAgent(setup: AgentSetup): Promise<AgentMade> {
  const paths = agentPaths(setup.dataDir);
  if (existsSync(paths.certificate)) throw agentExists();
  mkdirSync(paths.folder, { recursive: true, mode: 0o700 });
  const machine = setup.invitation?.machine ?? null;
  if (setup.invitation && machine) return joinMachine(paths, setup.invitation, machine);
  const operators = await operatorKeys(paths, setup);
  const network = setup.invitation ? networkOf(setup.invitation) : ownNetwork(operators, setup);
  const made = certifyHere(paths, network, operators, setup);
  return setup.invitation ? made : { ...made, invitation: inviteMachine(paths, network, operators, setup) };
}

/** One more machine of the operator who has this key. Throws UsageError `agent_certificate`. */
export function machineOf(genesis: Genesis, operator: SignatureKeyPair, label: string, nowMs: number): InvitedMachine {
  const device = ed25519.createKeyPair();
  return { deviceKey: device.secretKey, certificate: certifyDevice(genesis, operator, device, { label, nowMs }) };
}

async function operatorKeys({ operatorKeys: path }: AgentPaths, setup: AgentSetup): Promise<SignatureKeyPair[]> {
  if (existsSync(path)) return readOperatorKeys(path, setup.passphrase);
  // Fewer could endorse nobody: a network of one's own begins with as many.
  return makeOperatorKeys(path, setup.invitation ? 1 : AGENT_LIMITS.genesisLeast, await setup.passphrase());
}

function ownNetwork(operators: readonly SignatureKeyPair[], { label, nowMs }: AgentSetup): Network {
  const ids = operators.map(({ publicKey }) => toHex(publicKey) as OperatorId);
  const genesis = encodeGenesis({ name: label ?? "", madeAtMs: nowMs, ...DEFAULT_WINDOWS, operators: ids });
  return networkOf({ genesis, networkKey: randomBytes(32), bootstrap: [], machine: null });
}

function networkOf(invitation: AgentInvitation): Network {
  return { invitation, genesis: readGenesis(invitation.genesis) as Genesis };
}

function certifyHere(
  paths: AgentPaths,
  network: Network,
  operators: readonly SignatureKeyPair[],
  { label, nowMs }: AgentSetup,
): AgentMade {
  const seed = readOrCreateSeed(paths.deviceKey, "device_key_corrupt", "Remove it, and set up the agent again.");
  const device = ed25519.createKeyPair(seed);
  const operator = operatorIn(network.genesis, operators);
  const certificate = certifyDevice(network.genesis, operator, device, { label: label ?? "", nowMs });
  wipeBytes(seed);
  return keep(paths, network, certificate);
}

/** Of several keys the one that needs no endorsement. */
export function operatorIn({ operators }: Genesis, keys: readonly SignatureKeyPair[]): SignatureKeyPair {
  const isInGenesis = ({ publicKey }: SignatureKeyPair): boolean => operators.includes(toHex(publicKey) as OperatorId);
  return (keys.find(isInGenesis) ?? keys[0]) as SignatureKeyPair;
}

function joinMachine(
  paths: AgentPaths,
  invitation: AgentInvitation,
  { deviceKey, certificate }: InvitedMachine,
): AgentMade {
  const network = networkOf(invitation);
  const { device } = readCertificate(certificate, network.genesis.network) ?? {};
  const { publicKey } = ed25519.createKeyPair(deviceKey);
  if (device !== toHex(publicKey)) {
    throw new CodecError("agent_invitation", "The device in this invitation is not certified in it.", {
      hint: "Have another one made with: nocturne-agent invite",
    });
  }
  writeFileDurably(paths.deviceKey, utf8Encode(`${toHex(deviceKey)}\n`));
  return keep(paths, network, certificate);
}

function keep(paths: AgentPaths, { invitation, genesis }: Network, certificate: Uint8Array): AgentMade {
  const { genesis: bytes, networkKey, bootstrap } = invitation;
  writeAgentSettings(paths.settings, { genesis: bytes, networkKey, bootstrap, ...USUAL_START });
  writeFileDurably(paths.certificate, certificate);
  const { operator, device, notAfterMs } = readCertificate(certificate, genesis.network) as Certificate;
  const isInGenesis = genesis.operators.includes(operator);
  return { genesis, operator, device, certifiedUntilMs: notAfterMs, isInGenesis, invitation: null };
}

function inviteMachine(
  { invitation: path }: AgentPaths,
  { invitation, genesis }: Network,
  operators: readonly SignatureKeyPair[],
  { label, nowMs }: AgentSetup,
): string {
  const machine = machineOf(genesis, operatorIn(genesis, operators), label ?? "", nowMs);
  writeFileDurably(path, utf8Encode(encodeInvitation({ ...invitation, machine })));
  wipeBytes(machine.deviceKey);
  return path;
}

function agentExists(): ValidationError {
  return new ValidationError("agent_exists", "There is an agent in this data directory already.", {
    hint: "Start it with: nocturne-agent start - or choose another folder with --data-dir.",
  });
}
