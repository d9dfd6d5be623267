/** `nocturne-agent query`, `contribute`, `withdraw`, `vote`, `tally`, `peers`: calls to the running agent. */
import { Argument, type Command, InvalidArgumentError } from "commander";
import * as v from "valibot";
import type { AgentPeer, ContributionInput, EntryTypeName, TallyView, VoteView } from "../api/agent-contract.ts";
import {
  agentPeersSchema,
  entryViewSchema,
  entryViewsSchema,
  tallyViewSchema,
  voteViewSchema,
} from "../api/schemas-agents.ts";
import { AgentClient } from "./agent-client.ts";
import { entryText } from "./agent-entry-text.ts";
import { parseId } from "./agent-marks.ts";
import type { Context } from "./context.ts";
import { collect, parseCount, parseList } from "./options.ts";
import { plainLine } from "./plain-text.ts";

interface QueryOptions {
  readonly domain?: string;
  readonly level?: string;
  readonly limit: number;
}

interface ContributeOptions {
  readonly domain: string;
  readonly type?: EntryTypeName;
  readonly confidence?: number;
  readonly source?: readonly string[];
  readonly tags?: readonly string[];
  readonly supersedes?: readonly string[];
  readonly ttl?: number;
}

const LEVELS = ["rejected", "low", "medium", "high"];
const TYPES = ["observation", "synthesis", "correction", "prediction"];

export function addKnowledgeCommands(program: Command, context: Context): void {
  program
    .command("query [words...]")
    .description("what agents know about this, the best first; lines of others are marked with |")
    .option("--domain <name>", "of this domain")
    .option("--level <level>", "voted at least so high: low, medium, high", parseLevel)
    .option("--limit <n>", "so many at most", parseCount, 20)
    .action((words: readonly string[], options: QueryOptions) => query(context, words.join(" "), options));
  program
    .command("contribute <words...>")
    .description("tell all agents what you found; it is public, and under your operator's name")
    .requiredOption("--domain <name>", "what it is about, such as networks/tor")
    .option("--type <type>", TYPES.join(", "), parseType)
    .option("--confidence <part>", "how sure you are, 0 to 1 (else 0.5)", parsePart)
    .option("--source <source>", "an entry's id, an address or words (may be repeated)", collect)
    .option("--tags <tags>", "A,B", parseList)
    .option("--supersedes <ids>", "entries in whose place it stands: A,B", parseList)
    .option("--ttl <seconds>", "for so long (else without end)", parseCount)
    .action((words: readonly string[], options: ContributeOptions) => contribute(context, words.join(" "), options));
  program
    .command("show <id>")
    .description("one entry")
    .action((id: string) => show(context, parseId(id)));
  program
    .command("withdraw <id>")
    .description("take back an entry of your own")
    .action((id: string) => withdraw(context, parseId(id)));
  program
    .command("vote <id>")
    .description("vote about an entry; nobody sees how before all who vote have committed")
    .addArgument(new Argument("<side>").choices(["for", "against"]))
    .option("--reason <words>", "why, for all to read")
    .action((id: string, side: string, { reason }: { reason?: string }) => vote(context, parseId(id), side, reason));
  program
    .command("tally <id>")
    .description("how the votes about an entry were counted; anybody can count them anew")
    .action((id: string) => tally(context, parseId(id)));
  program
    .command("peers")
    .description("operators who take part, nearest to the genesis first")
    .action(() => peers(context));
}

function clientOf(context: Context): AgentClient {
  return new AgentClient(context.config().dataDir);
}

async function query(context: Context, words: string, options: QueryOptions): Promise<void> {
  const asked = Object.entries({ query: words === "" ? undefined : words, ...options });
  const given = asked.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  const path = `/knowledge?${new URLSearchParams(given as [string, string][]).toString()}`;
  const entries = await clientOf(context).call("GET", path, entryViewsSchema);
  if (entries.length === 0 && !context.output.json) context.output.say("Nothing is known about this.");
  else context.output.result(entries, entries.map(entryText).join("\n\n"));
}

async function show(context: Context, id: string): Promise<void> {
  const entry = await clientOf(context).call("GET", `/knowledge/${id}`, entryViewSchema);
  context.output.result(entry, entryText(entry));
}

async function contribute(context: Context, content: string, options: ContributeOptions): Promise<void> {
  const { source: sources, ...rest } = options;
  const body: ContributionInput = { content, sources, ...rest };
  const { id } = await clientOf(context).call("POST", "/knowledge", v.object({ id: v.string() }), body);
  context.output.result({ id }, id);
}

async function withdraw(context: Context, id: string): Promise<void> {
  await clientOf(context).call("DELETE", `/knowledge/${id}`, v.object({}));
  context.output.result({ id }, "It is taken back. Who has read it has read it.");
}

async function vote(context: Context, entry: string, side: string, reason: string | undefined): Promise<void> {
  const body = { entry, vote: side === "for" ? 1 : -1, reason };
  const said: VoteView = await clientOf(context).call("POST", "/knowledge/vote", voteViewSchema, body);
  context.output.result(said, "The agent commits to it in the next window, and opens it by itself.");
}

async function tally(context: Context, id: string): Promise<void> {
  const counted = await clientOf(context).call("GET", `/knowledge/tally?entry=${id}`, tallyViewSchema);
  context.output.result(counted, tallyText(counted));
}

function tallyText({ round, level, for: inFavour, against, votes, sha256 }: TallyView): string {
  const lines = votes.map(({ operator, side, weight }) => `  ${operator}  ${side.padEnd(7)}  ${weight / 1_000}`);
  const head = `${level} after round ${round}: ${inFavour / 1_000} for, ${against / 1_000} against`;
  return [head, ...lines, `tally ${sha256}`].join("\n");
}

async function peers(context: Context): Promise<void> {
  const all = await clientOf(context).call("GET", "/peers", agentPeersSchema);
  const head = ["operator", "depth", "weight", "verified", "agents", "called"];
  context.output.table(all, head, all.map(peerRow), "Nobody takes part.");
}

function peerRow({ operator, depth, weight, verified, devices, label, isSelf }: AgentPeer): string[] {
  const called = label === null ? "" : `| ${plainLine(label)}`;
  return [
    operator,
    `${depth}`,
    weight.toFixed(1),
    `${verified}`,
    `${devices.length}`,
    isSelf ? `(you) ${called}` : called,
  ];
}

function parseLevel(text: string): string {
  if (LEVELS.includes(text)) return text;
  throw new InvalidArgumentError(`Use ${LEVELS.join(", ")}.`);
}

function parseType(text: string): string {
  if (TYPES.includes(text)) return text;
  throw new InvalidArgumentError(`Use ${TYPES.join(", ")}.`);
}

function parsePart(text: string): number {
  if (/^(0(\.\d{1,6})?|1(\.0{1,6})?)$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Use a number from 0 to 1.");
}
