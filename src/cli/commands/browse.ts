/**
 * `nocturne browse`: a proxy for programs whose sites should not learn where they are asked from, and a private window.
 * It needs no running node, and no vault.
 *
 *   tor in <data directory>/tor (started, or the node's) <- proxy with a password <- curl, Firefox
 *                                                        <- a window's own proxy  <- --open
 */
import { type Command, Option } from "commander";
import { toHex } from "../../core/bytes.ts";
import { InternalError, PolicyError, toNocturneError } from "../../core/errors.ts";
import { randomBytes } from "../../core/random.ts";
import type { BrowseProxy, BrowseProxyOptions } from "../../route/browse/browse-proxy.ts";
import type { BrowsingOptions } from "../../node/browsing.ts";
import { routeMissing } from "../../route/errors.ts";
import type { Route } from "../../route/route.ts";
import type { Context } from "../context.ts";
import { openRoutes } from "../lone-routes.ts";
import { parsePort } from "../options.ts";
import { signalled } from "../signals.ts";

interface BrowseOptions {
  readonly route: string;
  readonly port: number;
  /** True without an address. */
  readonly open?: true | string;
  readonly recipe?: string;
}

const USER = "nocturne";
const PASSWORD_BYTES = 16;
/** Of a recipe when no port is given: outside the range that systems give out by themselves. */
const RECIPE_PORT = 9_152;

export function addBrowseCommand(program: Command, context: Context): void {
  program
    .command("browse")
    .description("reach sites without showing them where you are: a proxy, and a private window with --open")
    .addOption(new Option("--route <way>", "by which way").choices(["tor", "mix"]).default("tor"))
    .option("--port <n>", "port of the proxy (else any free one)", parsePort, 0)
    .option("--open [address]", "also open a private window, at this page")
    .addOption(new Option("--recipe <browser>", "print how another browser uses the proxy").choices(["firefox"]))
    .action((options: BrowseOptions) => browse(context, options));
}

/** Runs until SIGINT or SIGTERM. */
async function browse(context: Context, { route, port, open, recipe }: BrowseOptions): Promise<void> {
  if (recipe !== undefined) return printRecipe(context, port || RECIPE_PORT);
  if (route !== "tor") throw notAvailable();
  const ended = signalled();
  const config = context.config();
  await using lone = await openRoutes(context, route, "tor");
  const { tor } = lone;
  if (!(await untilUp(context, tor, ended))) return;
  const password = toHex(randomBytes(PASSWORD_BYTES));
  const routeOf: Serving["routeOf"] = (kind) => (kind === "web" || kind === "onion" ? tor : null);
  const proxy = await listen(port, { routeOf, password });
  const circuits: Serving["circuits"] = (label) => tor.circuitOf(label);
  try {
    const environment = config.browserEnvironment;
    await serve(context, { proxy, password, routeOf, circuits, environment, open, ended });
  } finally {
    await proxy.close();
  }
}

interface Serving {
  readonly open: BrowseOptions["open"] | undefined;
  readonly proxy: BrowseProxy;
  readonly password: string;
  readonly routeOf: BrowseProxyOptions["routeOf"];
  readonly circuits: BrowsingOptions["circuits"];
  readonly environment: BrowsingOptions["environment"];
  readonly ended: Promise<void>;
}

async function serve(
  context: Context,
  { proxy, password, routeOf, circuits, environment, open, ended }: Serving,
): Promise<void> {
  const { Browsing } = await import("../../node/browsing.ts");
  const browsing = new Browsing({ routeOf, circuits, environment, changed: () => {} });
  const place = `${USER}:${password}@127.0.0.1:${proxy.port}`;
  const [socks, http] = [`socks5h://${place}`, `http://${place}`];
  try {
    if (open !== undefined) {
      browsing.sweep();
      if (browsing.warning !== null) context.output.warn(browsing.warning);
      await browsing.open(open === true ? null : open);
    }
    const text = `Private browsing by Tor is ready.\n  SOCKS5  ${socks}\n  HTTP    ${http}`;
    context.output.result({ event: "ready", socks, http, route: "tor" }, text);
    await ended;
  } finally {
    await browsing.closeAll();
  }
}

/** False when it was ended before. Throws PolicyError `route_missing` where there is no tor. */
async function untilUp({ output }: Context, tor: Route, ended: Promise<void>): Promise<boolean> {
  const { promise: up, resolve, reject } = Promise.withResolvers<boolean>();
  let told = "";
  const look = (): void => {
    const { state, progress, doing, problem } = tor.health();
    if (state === "up") resolve(true);
    if (state === "missing" && problem) reject(routeMissing(problem));
    const words = problem
      ? `${problem.message} ${problem.hint}`
      : `Tor: ${progress ?? 0} %${doing ? `, ${doing}` : ""}`;
    if ((state === "starting" || state === "down") && words !== told) output.say(words);
    told = words;
  };
  void ended.then(() => resolve(false));
  const stop = tor.onChange(look);
  tor.start();
  look();
  try {
    return await up;
  } finally {
    stop();
  }
}

async function listen(
  port: number,
  { routeOf, password }: Pick<Serving, "routeOf" | "password">,
): Promise<BrowseProxy> {
  const { BrowseProxy } = await import("../../route/browse/browse-proxy.ts");
  const epoch = toHex(randomBytes(PASSWORD_BYTES));
  const admission = { kind: "password", user: USER, password } as const;
  try {
    return await BrowseProxy.listen({ window: "proxy", epoch, routeOf, admission, port });
  } catch (error) {
    if (toNocturneError(error).code !== "port_in_use") throw error;
    const hint = "Choose another with --port, or leave it out.";
    throw new InternalError("port_in_use", `Another program already uses port ${port}.`, { hint, cause: error });
  }
}

async function printRecipe(context: Context, port: number): Promise<void> {
  const { firefoxRecipe } = await import("../../node/firefox-recipe.ts");
  const recipe = firefoxRecipe(port);
  context.output.result({ recipe }, recipe);
}

function notAvailable(): PolicyError {
  return new PolicyError("not_available", 'The route "mix" is not available in this version.', {
    hint: "Use --route tor.",
  });
}
