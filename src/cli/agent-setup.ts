/** `nocturne-agent setup`, and what a network begins with: `operator`, `genesis`, `invite`. */
import { existsSync, readFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { toHex } from "../core/bytes.ts";
import { isSystemError, UsageError } from "../core/errors.ts";
import type { OperatorId } from "../agents/agent-ids.ts";
import { encodeGenesis, networkIdOf } from "../agents/trust/genesis.ts";
import { type AgentInvitation, encodeInvitation, readInvitation } from "../node/agent-invitation.ts";
import { agentPaths } from "../node/agent-paths.ts";
import { genesisIn, readAgentSettings } from "../node/agent-settings.ts";
import { type AgentMade, DEFAULT_WINDOWS, machineOf, operatorIn, setUpAgent } from "../node/agent-setup.ts";
import { makeOperatorKeys, readOperatorKeys } from "../node/operator-keys.ts";
import { destroyFile } from "../vault/durable-file.ts";
import { AgentClient } from "./agent-client.ts";
import { readHexFile, writeHex, writeNewFile } from "./agent-files.ts";
import { dayText } from "./agent-entry-text.ts";
import type { Context } from "./context.ts";
import { parseCount, parseList } from "./options.ts";

interface SetupOptions {
  readonly label?: string;
  readonly genesis?: string;
  readonly join?: string;
}

interface GenesisOptions {
  readonly name: string;
  readonly operators: readonly string[];
  readonly commit: number;
  readonly reveal: number;
  readonly out?: string;
}

const SECOND_MS = 1_000;
/** Of this machine: of no use to others. */
const LOOPBACK = /^\/(ip4\/127\.|ip6\/::1\/)/;

export function addSetupCommand(program: Command, context: Context): void {
  program
    .command("setup")
    .description("make this machine's agent; without a genesis or invitation, a network of your own machines")
    .option("--label <name>", "how others shall know it")
    .option("--genesis <file>", "of the network that it takes part in")
    .option("--join <file>", "an invitation")
    .action((options: SetupOptions) => setUp(context, options));
}

export function addNetworkCommands(program: Command, context: Context): void {
  program
    .command("operator")
    .description("show the operator whose papers you sign; makes a key at the first time")
    .option("--key <file>", "where the key is kept (else agent/operator.key in the data directory)")
    .action(({ key }: { key?: string }) => showOperator(context, key));
  program
    .command("genesis")
    .description("begin a network of several operators; compare its name with them")
    .requiredOption("--name <name>", "how people call it")
    .requiredOption("--operators <keys>", "at least three, as nocturne-agent operator shows them: A,B,C", parseList)
    .option("--commit <seconds>", "how long votes are committed to", parseCount, DEFAULT_WINDOWS.commitMs / SECOND_MS)
    .option("--reveal <seconds>", "how long they are opened", parseCount, DEFAULT_WINDOWS.revealMs / SECOND_MS)
    .option("--out <file>", "where it goes (else stdout)")
    .action((options: GenesisOptions) => makeGenesis(context, options));
  program
    .command("invite <file>")
    .description("write what another person needs for setup --join")
    .option("--machine <name>", "for one other machine of your own, which needs no endorsement then", parseName)
    .action((file: string, { machine }: { machine?: string }) => invite(context, file, machine));
}

/** At a terminal asks whether there shall be one. */
async function newPassphrase(context: Context): Promise<string | null> {
  const { secret } = context.config();
  if (secret !== null || !(await context.prompt.confirm("Put the operator's key under a passphrase?"))) return secret;
  return context.prompt.newSecret("Passphrase of the operator's key");
}

/** Of a key that has one. */
export async function oldPassphrase(context: Context): Promise<string | null> {
  return context.config().secret ?? context.prompt.secret("Passphrase of the operator's key");
}

async function setUp(context: Context, { label, genesis, join }: SetupOptions): Promise<void> {
  const { dataDir } = context.config();
  if (genesis !== undefined && join !== undefined) throw twoNetworks();
  const invitation = join === undefined ? genesisInvitation(genesis) : readInvitation(readFileSync(join, "utf8"));
  const isForMachine = (invitation?.machine ?? null) !== null;
  if (label === undefined && !isForMachine) throw noLabel();
  const isNew = !existsSync(agentPaths(dataDir).operatorKeys);
  const passphrase = (): Promise<string | null> => (isNew ? newPassphrase(context) : oldPassphrase(context));
  const made = await setUpAgent({ dataDir, label: label ?? null, invitation, passphrase, nowMs: Date.now() });
  if (join !== undefined && isForMachine) useUp(context, join);
  const { genesis: of, ...rest } = made;
  context.output.result({ network: of.network, ...rest }, madeText(made));
  context.output.say(nextText(made));
}

function genesisInvitation(path: string | undefined): AgentInvitation | null {
  if (path === undefined) return null;
  const [genesis = new Uint8Array()] = readHexFile(path);
  return readInvitation(encodeInvitation({ genesis, networkKey: null, bootstrap: [], machine: null }));
}

/** Two machines with it would be one device with two histories. */
function useUp(context: Context, path: string): void {
  try {
    destroyFile(path);
    context.output.say(`${path} is used up, and was removed. Use no copy of it on another machine.`);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    context.output.warn(`Remove ${path}: it is used up. Use it on no other machine.`);
  }
}

function madeText({ genesis, operator, device, certifiedUntilMs }: AgentMade): string {
  return [
    `network     ${genesis.network}`,
    `operator    ${operator}`,
    `device      ${device}`,
    `certified   until ${dayText(certifiedUntilMs)}`,
  ].join("\n");
}

function nextText({ operator, isInGenesis, invitation }: AgentMade): string {
  if (invitation !== null) {
    const other = `Carry ${invitation} to your other machine, and say there: nocturne-agent setup --join FILE`;
    return `Start it with: nocturne-agent start\n${other}`;
  }
  if (isInGenesis) return "Start it with: nocturne-agent start";
  const endorse = `Have three operators say: nocturne-agent endorse --operator ${operator}`;
  return `${endorse}\nThen: nocturne-agent enroll --endorsements A,B,C - and: nocturne-agent start`;
}

async function showOperator(context: Context, key: string | undefined): Promise<void> {
  const path = key ?? agentPaths(context.config().dataDir).operatorKeys;
  const isNew = !existsSync(path);
  const keys = isNew
    ? await makeOperatorKeys(path, 1, await newPassphrase(context))
    : await readOperatorKeys(path, () => oldPassphrase(context));
  const operators = keys.map(({ publicKey }) => toHex(publicKey));
  context.output.result({ operators, key: path, made: isNew }, operators.join("\n"));
  if (isNew) context.output.say(`The key is in ${path}. Keep a copy where no agent runs.`);
}

function makeGenesis(context: Context, { name, operators, commit, reveal, out }: GenesisOptions): void {
  const windows = { commitMs: commit * SECOND_MS, revealMs: reveal * SECOND_MS };
  const genesis = encodeGenesis({ name, madeAtMs: Date.now(), ...windows, operators: operators as OperatorId[] });
  const network = networkIdOf(genesis);
  const next = `The network is ${network}: compare that with the others. Each says: nocturne-agent setup --genesis FILE`;
  writeHex(context, [genesis], { out, about: { network }, next });
}

async function invite(context: Context, file: string, machine: string | undefined): Promise<void> {
  const { dataDir } = context.config();
  const paths = agentPaths(dataDir);
  const settings = readAgentSettings(paths.settings);
  const genesis = genesisIn(settings, paths.settings);
  const own = (await new AgentClient(dataDir).health())?.addresses ?? [];
  const bootstrap = [...new Set([...own.filter((address) => !LOOPBACK.test(address)), ...settings.bootstrap])];
  const invited = async (label: string): Promise<AgentInvitation["machine"]> => {
    const keys = await readOperatorKeys(paths.operatorKeys, () => oldPassphrase(context));
    return machineOf(genesis, operatorIn(genesis, keys), label, Date.now());
  };
  const place = { genesis: settings.genesis, networkKey: settings.networkKey, bootstrap };
  writeNewFile(file, encodeInvitation({ ...place, machine: machine === undefined ? null : await invited(machine) }));
  const isSecret = machine !== undefined || settings.networkKey !== null;
  context.output.result({ file, network: genesis.network, bootstrap, isSecret }, `Wrote ${file}.`);
  if (machine !== undefined) context.output.say("It is for one machine, once, and as secret as a key.");
}

function parseName(text: string): string {
  if (text.trim() !== "") return text;
  throw new InvalidArgumentError("Give the machine a name.");
}

function noLabel(): UsageError {
  return new UsageError("no_label", "How others shall know this agent was not said.", { hint: "Add --label NAME." });
}

function twoNetworks(): UsageError {
  return new UsageError("two_networks", "An agent takes part in one network.", {
    hint: "Give --genesis or --join, not both; or choose another folder with --data-dir.",
  });
}
