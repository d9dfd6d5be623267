/**
 * `nocturne route`: by which way everything leaves, what an observer learns, and how it changes.
 *
 *   route                      what there is, what connects where, what an observer sees
 *   route use WAY              for everything | --relay URL: for one relay | --with NAME: demanded by a conversation
 *   route bridge, onion, i2p   how Tor is entered, how this node is reached, the second network
 *   route key                  who may reach an onion service that not everybody does
 *   route renew, watch         new circuits; what happens, until Ctrl-C
 */

import { Argument, type Command, Option } from "commander";
import type { BridgeKind, ChangeNetwork, Conversation, NetworkView, VisitorLine, Way } from "../../api/contract.ts";
import { UsageError } from "../../core/errors.ts";
import type { Context } from "../context.ts";
import { formatTable } from "../output.ts";
import { plainLine } from "../plain-text.ts";
import {
  describeChoice,
  describeProblem,
  describeRoute,
  describeService,
  routeName,
  usualWords,
} from "../route-words.ts";
import { watchRoutes } from "./watch-routes.ts";

const EVENTS_SHOWN = 5;
const KIND_CHARACTERS = 9;
const ON_OFF = ["on", "off"] as const;
const KINDS: readonly BridgeKind[] = ["none", "obfs4", "snowflake", "custom"];

type OnOff = (typeof ON_OFF)[number];

interface UseOptions {
  readonly relay?: string;
  readonly with?: string;
}

export function addRouteCommands(program: Command, context: Context): void {
  const route = program
    .command("route")
    .description("by which way everything leaves, and what an observer learns")
    .action(async () => {
      const view = await context.node().call<NetworkView>("GET", "/api/network");
      context.output.result(view, describe(view));
    });

  route
    .command("use")
    .description("choose the way: direct, tor, or `usual` to take back what was chosen for one relay or conversation")
    .addArgument(new Argument("<way>", "the way").choices(["direct", "tor", "usual"]))
    .addOption(new Option("--relay <url>", "only for this relay").conflicts("with"))
    .addOption(new Option("--with <name>", "every relay of the conversation with this contact or group (tor or usual)"))
    .action((way: Way | "usual", options: UseOptions) => use(context, way, options));

  addBridge(route, context);
  addServices(route, context);

  route
    .command("renew")
    .description("new circuits for everything: what is connected by Tor is connected anew on other paths")
    .action(async () => {
      await context.node().call("POST", "/api/network/renew");
      context.output.result({ renewed: true }, "New circuits for everything.");
    });

  route
    .command("key <host>")
    .description("the line that lets you reach an onion service which not everybody does: give it to its operator")
    .action(async (host: string) => {
      const visitor = await context.node().call<VisitorLine>("POST", "/api/network/visitors", { json: { host } });
      context.output.result(visitor, visitor.line);
    });

  route
    .command("watch")
    .description("tell what happens to routes, until Ctrl-C")
    .action(() => watchRoutes(context));
}

function addBridge(route: Command, context: Context): void {
  route
    .command("bridge")
    .description("how the Tor network is entered; without a kind, which to take")
    .addArgument(new Argument("[kind]", "what kind").choices(KINDS))
    .argument("[lines]", "`-`: read its lines from stdin")
    .action((kind: BridgeKind | undefined, lines: string | undefined) => bridge(context, kind, lines));
}

function addServices(route: Command, context: Context): void {
  route
    .command("onion")
    .description("let your relay or your links be reached at an onion address, with no port opened")
    .addArgument(new Argument("<service>", "which").choices(["relay", "links"]))
    .addArgument(new Argument("<state>", "whether").choices(ON_OFF))
    .action((service: "relay" | "links", state: OnOff) => {
      const on = state === "on";
      return change(context, service === "relay" ? { onionRelay: on } : { onionLinks: on }, (view) =>
        view.services.filter(({ name }) => name === service).map(describeService),
      );
    });

  route
    .command("i2p")
    .description("use I2P, too, where a router of it runs on this machine")
    .addArgument(new Argument("<state>", "whether").choices(ON_OFF))
    .action((state: OnOff) => change(context, { i2p: state === "on" }, (view) => routesOf(view, "i2p")));
}

async function use(context: Context, way: Way | "usual", options: UseOptions): Promise<void> {
  const { relay: url, with: who } = options;
  if (who !== undefined) return demand(context, who, way);
  if (url !== undefined) {
    const json = { url, way: way === "usual" ? null : way };
    const view = await context.node().call<NetworkView>("PUT", "/api/network/relays", { json });
    const chosen = view.uses.find(({ what }) => what === url);
    return tell(
      context,
      view,
      chosen ? [`${plainLine(url)}: ${routeName(chosen.route)}. ${plainLine(chosen.sees)}`] : [],
    );
  }
  if (way === "usual") {
    throw new UsageError("usage", "The usual way itself is direct or tor.", {
      hint: "`usual` takes a choice back: add --relay URL or --with NAME.",
    });
  }
  await change(context, { usual: way }, (view) => [usualWords(view), ...routesOf(view, way)]);
}

/** Relays are shared by conversations, so that one can ask for more protection and never for less. */
async function demand(context: Context, who: string, way: Way | "usual"): Promise<void> {
  if (way === "direct") {
    throw new UsageError("usage", "A conversation can demand Tor, or go the usual way.", {
      hint: `Use: nocturne route use usual --with ${plainLine(who)}`,
    });
  }
  const path = `/api/conversations/${encodeURIComponent(who)}`;
  const json = { route: way === "tor" ? "tor" : null };
  const changed = await context.node().call<Conversation>("PATCH", path, { json });
  const words = changed.route === "tor" ? "every relay of it is reached by Tor, or waits" : "as usual";
  context.output.result(changed, `${plainLine(changed.name)}: ${words}.`);
}

async function bridge(context: Context, kind: BridgeKind | undefined, source: string | undefined): Promise<void> {
  const { output, prompt } = context;
  if (source !== undefined && source !== "-") {
    throw new UsageError(
      "usage",
      "Lines of bridges are read from stdin, never from an argument, which others can see.",
      {
        hint: `Use: nocturne route bridge ${kind} -`,
      },
    );
  }
  const client = context.node();
  if (kind === undefined) {
    const { bridges } = await client.call<NetworkView>("GET", "/api/network");
    return output.result(
      bridges,
      [bridges.help, ...bridges.choices.map(bridgeChoice), describeBridges(bridges)].join("\n"),
    );
  }
  const isAsked = kind !== "none";
  if (isAsked) {
    // No node: said before anything is asked.
    const { bridges } = await client.call<NetworkView>("GET", "/api/network");
    const where = bridges.choices.find((one) => one.kind === kind)?.where ?? "";
    if (process.stdin.isTTY) output.say(`Lines come from ${where}. One a line; Ctrl-D on a line of its own ends them.`);
  }
  const text = isAsked ? await prompt.stdin("a list of bridges") : "";
  const given = isAsked ? { lines: text.trimEnd().split(/\r?\n/) } : {};
  await change(context, { bridges: { kind, ...given } }, (view) => [
    describeBridges(view.bridges),
    ...routesOf(view, "tor"),
  ]);
}

type Words = (view: NetworkView) => readonly string[];

async function change(context: Context, json: ChangeNetwork, words: Words): Promise<void> {
  const view = await context.node().call<NetworkView>("PATCH", "/api/network", { json });
  tell(context, view, words(view));
}

/** The result, and on stderr what keeps it from working. */
function tell({ output }: Context, view: NetworkView, lines: readonly string[]): void {
  output.result(view, lines.join("\n"));
  for (const problem of problemsOf(view)) output.warn(problem);
}

function problemsOf({ routes, bridges }: NetworkView): string[] {
  const ofRoutes = routes.map(describeProblem).filter((problem) => problem !== null);
  return bridges.problem === null ? ofRoutes : [...ofRoutes, `Bridges: ${plainLine(bridges.problem)}`];
}

function routesOf({ routes }: NetworkView, name: NetworkView["routes"][number]["name"]): string[] {
  return routes.filter((one) => one.name === name).map(describeRoute);
}

function bridgeChoice({ kind, when, where }: NetworkView["bridges"]["choices"][number]): string {
  const [name, margin] = [kind.padEnd(KIND_CHARACTERS), "".padEnd(KIND_CHARACTERS)];
  return `  ${name}  ${when}${where === null ? "" : `\n  ${margin}  Lines come from ${where}.`}`;
}

function describeBridges({ kind, lines }: NetworkView["bridges"]): string {
  const counted = lines.length === 0 ? "" : `, ${lines.length} ${lines.length === 1 ? "line" : "lines"}`;
  return kind === "none" ? "Bridges: none." : `Bridges: ${kind}${counted}.`;
}

/** The usual way first, then what goes where, then how this node is reached, then what is wrong. */
function describe(view: NetworkView): string {
  const { routes, uses, services, bridges, browsing, events } = view;
  const rows = uses.map((one) => [
    plainLine(one.what),
    routeName(one.route),
    one.state ?? "as needed",
    describeChoice(one),
    plainLine(one.sees),
  ]);
  const windows = browsing.windows.length;
  return [
    usualWords(view),
    "",
    ...routes.map(describeRoute),
    describeBridges(bridges),
    ...services.map(describeService),
    ...(windows === 0 ? [] : [`Windows of private browsing: ${windows}`]),
    "",
    rows.length === 0
      ? "Nothing connects anywhere."
      : formatTable(["WHAT", "ROUTE", "STATE", "WHY", "WHO SEES WHAT"], rows),
    ...(events.length === 0 ? [] : ["", "Lately:"]),
    ...events.slice(-EVENTS_SHOWN).map(({ at, route, text }) => `  ${at}  ${routeName(route)}  ${plainLine(text)}`),
    ...problemsOf(view).map((problem) => `! ${problem}`),
  ].join("\n");
}
