/** `nocturne-agent endorse`, `enroll`, `revoke`, `publish`: papers that operators sign, and what becomes of them. */
import { type Command, InvalidArgumentError } from "commander";
import * as v from "valibot";
import { AGENT_LIMITS } from "../core/agent-limits.ts";
import { toHex } from "../core/bytes.ts";
import { NoNodeError, PolicyError, UsageError } from "../core/errors.ts";
import type { SignatureKeyPair } from "../crypto/signing.ts";
import type { OperatorId } from "../agents/agent-ids.ts";
import { signEndorsement } from "../agents/trust/endorsement.ts";
import { encodeEnrolment, readEnrolment } from "../agents/trust/enrolment.ts";
import type { Genesis } from "../agents/trust/genesis.ts";
import { readRevocation, signRevocation } from "../agents/trust/revocation.ts";
import { openCertificate } from "../node/agent-certificate.ts";
import { agentPaths } from "../node/agent-paths.ts";
import { genesisIn, readAgentSettings } from "../node/agent-settings.ts";
import { readOperatorKeys } from "../node/operator-keys.ts";
import { writeFileDurably } from "../vault/durable-file.ts";
import { AgentClient } from "./agent-client.ts";
import { readHexFile, writeHex } from "./agent-files.ts";
import { oldPassphrase } from "./agent-setup.ts";
import type { Context } from "./context.ts";
import { parseCount, parseList } from "./options.ts";

interface PaperOptions {
  readonly operator: OperatorId;
  readonly key?: string;
  readonly out?: string;
}

type EndorseOptions = PaperOptions & { readonly label: string; readonly mostAgents: number; readonly days: number };
type RevokeOptions = PaperOptions & { readonly note: string; readonly yes?: boolean };

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 365;
const DEFAULT_AGENTS = 4;

export function addPaperCommands(program: Command, context: Context): void {
  addSigned(program, "endorse", "sign that an operator may take part; three such papers let him in")
    .option("--label <name>", "what you call him", "")
    .option("--most-agents <n>", "agents that he may have", parseCount, DEFAULT_AGENTS)
    .option("--days <n>", "for so long", parseCount, DEFAULT_DAYS)
    .action((options: EndorseOptions) => endorse(context, options));
  program
    .command("enroll")
    .description("take part by what others signed for you")
    .requiredOption("--endorsements <files>", "of three operators or more: A,B,C", parseList)
    .action(({ endorsements }: { endorsements: readonly string[] }) => enrol(context, endorsements));
  addSigned(program, "revoke", "sign that an operator may not take part any longer; three such papers put him out")
    .option("--note <words>", "why", "")
    .option("--yes", "really, if it is your own key: that cannot be taken back")
    .action((options: RevokeOptions) => revoke(context, options));
  program
    .command("publish <file>")
    .description("have the running agent tell all of revocations")
    .action((file: string) => publish(context, file));
}

function addSigned(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .requiredOption("--operator <hex>", "whom it is about", parseKey)
    .option("--key <file>", "key that signs (else agent/operator.key in the data directory)")
    .option("--out <file>", "where it goes (else stdout)");
}

function parseKey(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new InvalidArgumentError("Use the 64 hex digits that nocturne-agent operator shows.");
}

interface Signing {
  readonly genesis: Genesis;
  /** Each signs: a network of one's own has several in one file. */
  readonly keys: readonly SignatureKeyPair[];
}

async function signingWith(context: Context, key: string | undefined): Promise<Signing> {
  const paths = agentPaths(context.config().dataDir);
  const genesis = genesisIn(readAgentSettings(paths.settings), paths.settings);
  return { genesis, keys: await readOperatorKeys(key ?? paths.operatorKeys, () => oldPassphrase(context)) };
}

async function endorse(context: Context, options: EndorseOptions): Promise<void> {
  const { operator: target, label, mostAgents, days, out } = options;
  const { genesis, keys } = await signingWith(context, options.key);
  const madeAtMs = Date.now();
  const about = { network: genesis.network, target, label, mostAgents, madeAtMs, notAfterMs: madeAtMs + days * DAY_MS };
  const papers = keys.map((key) => signEndorsement(about, key));
  const next = "He says, with three or more: nocturne-agent enroll --endorsements A,B,C";
  writeHex(context, papers, { out, about: { operator: target, days }, next });
}

async function enrol(context: Context, files: readonly string[]): Promise<void> {
  const { dataDir } = context.config();
  const paths = agentPaths(dataDir);
  const genesis = genesisIn(readAgentSettings(paths.settings), paths.settings);
  const { operator } = openCertificate(paths, genesis);
  const enrolment = encodeEnrolment(files.flatMap(readHexFile), genesis.network);
  const endorsements = readEnrolment(enrolment, genesis.network) ?? [];
  if (endorsements[0]?.target !== operator) throw notYours();
  if (endorsements.length < AGENT_LIMITS.endorsements) throw tooFew(endorsements.length);
  writeFileDurably(paths.enrolment, enrolment);
  const isSaid = await tellAgent(dataDir, "enrolment", enrolment);
  const untilMs = Math.min(...endorsements.map(({ notAfterMs }) => notAfterMs));
  const text = isSaid ? "The agent tells all of it." : "The agent will tell all of it when it starts.";
  context.output.result({ operator, endorsers: endorsements.map(({ endorser }) => endorser), untilMs, isSaid }, text);
}

/** False when none runs. */
async function tellAgent(dataDir: string, kind: "enrolment" | "revocation", paper: Uint8Array): Promise<boolean> {
  try {
    await new AgentClient(dataDir).call("POST", "/papers", v.object({}), { kind, paper: toHex(paper) });
    return true;
  } catch (error) {
    if (error instanceof NoNodeError) return false;
    throw error;
  }
}

async function revoke(
  context: Context,
  { operator: target, key, note, yes = false, out }: RevokeOptions,
): Promise<void> {
  const { genesis, keys } = await signingWith(context, key);
  const own = keys.filter(({ publicKey }) => toHex(publicKey) === target);
  if (own.length > 0 && !yes && !(await context.prompt.confirm("This is your own key. Lay it down for good?"))) {
    throw notSure();
  }
  const about = { network: genesis.network, target, note, madeAtMs: Date.now() };
  // One's own word about one's own key suffices.
  const papers = (own.length > 0 ? own : keys).map((by) => signRevocation(about, by));
  const next = "It counts when three operators signed one and an agent told of it: nocturne-agent publish FILE";
  writeHex(context, papers, { out, about: { operator: target }, next });
}

async function publish(context: Context, file: string): Promise<void> {
  const { dataDir } = context.config();
  const paths = agentPaths(dataDir);
  const { network } = genesisIn(readAgentSettings(paths.settings), paths.settings);
  const papers = readHexFile(file);
  if (!papers.every((paper) => readRevocation(paper, network))) throw noRevocation(file);
  for (const paper of papers) {
    await new AgentClient(dataDir).call("POST", "/papers", v.object({}), { kind: "revocation", paper: toHex(paper) });
  }
  context.output.result({ published: papers.length }, "The agent tells all of it.");
}

function notYours(): UsageError {
  return new UsageError("not_your_endorsements", "These endorsements are of another operator than this agent's.", {
    hint: "Have yours endorsed, which nocturne-agent operator shows.",
  });
}

function tooFew(count: number): UsageError {
  return new UsageError(
    "too_few_endorsements",
    `These are ${count} endorsements; ${AGENT_LIMITS.endorsements} are needed.`,
    {
      hint: "Ask more operators who take part.",
    },
  );
}

function notSure(): PolicyError {
  return new PolicyError("not_confirmed", "This is your own key; nothing was signed.", {
    hint: "If you mean it, add --yes: it cannot be taken back.",
  });
}

function noRevocation(file: string): UsageError {
  return new UsageError("agent_revocation", `${file} holds something else than revocations in this agent's network.`, {
    hint: "Endorsements are used with: nocturne-agent enroll",
  });
}
