/**
 * The one place where the environment, the flags and the configuration file are read.
 *
 *     flag  >  environment  >  <dataDir>/config.json  >  default   ->   one validated Config
 *
 * Whatever is wrong is named by the place it came from, so that a person knows what to correct.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as v from "valibot";
import { PolicyError, UsageError } from "../core/errors.ts";
import { COVER_LIMITS } from "../core/cell-limits.ts";
import { ROUTE_LIMITS, VAULT_LIMITS } from "../core/limits.ts";
import { COVER_PROFILES, type CoverProfile } from "../messaging/cover/cover-law.ts";
import type { LogLevel } from "../core/log.ts";
import type { Way } from "../route/policy.ts";
import type { Target } from "../route/route.ts";
import { browserEnvironment } from "./browser-flags.ts";
import { isLoopbackHost } from "../core/loopback.ts";
import { normalizeRelayUrl } from "./relay-url.ts";

/** What the command line says, as its parser hands it over. Absent and undefined mean "not said". */
export interface ConfigFlags {
  readonly dataDir?: string | undefined;
  readonly port?: string | number | undefined;
  readonly relay?: readonly string[] | undefined;
  /** Only `false` says something: the embedded relay is on by default. */
  readonly embeddedRelay?: boolean | undefined;
  readonly relayPort?: string | number | undefined;
  readonly cover?: string | undefined;
  readonly chaff?: string | number | undefined;
  readonly route?: string | undefined;
  readonly quiet?: boolean | undefined;
  readonly verbose?: boolean | undefined;
}

export interface Config {
  /** Absolute path. */
  readonly dataDir: string;
  /** Of the app; 0 takes any free one. */
  readonly port: number;
  /** Other people's relays for this run, beside those of the settings. */
  readonly relays: readonly string[];
  readonly embeddedRelay: boolean;
  /** null: the remembered one, or the usual one. */
  readonly relayPort: number | null;
  /** The vault's passphrase: set at a first start, opens it at every later one. */
  readonly secret: string | null;
  /** Of the mesh. */
  readonly tracker: string | null;
  /** Ed25519 public key of the mesh's genesis, 64 hex characters. */
  readonly genesisKey: string | null;
  readonly logLevel: LogLevel;
  /** When cells leave (NEP-15); null: as the person chose in the settings. */
  readonly cover: CoverProfile | null;
  /** By what everything goes that nothing else is said of; null: as the person chose. */
  readonly route: Way | null;
  /** More lines for Tor's configuration, a file: for private networks and proxies on the way out. */
  readonly torrc: string | null;
  /** Of a browser that is started for private browsing; not of this process. */
  readonly browserEnvironment: Readonly<Record<string, string>>;
  /** Folders in which programs are looked for, as PATH has them. */
  readonly searchPath: string;
  /** Where a router of I2P takes commands. */
  readonly sam: Target;
  /** Cells an hour to each of one's relays that nobody can open; 0 for none. */
  readonly chaff: number;
  /** Where sealed files lie instead of on the disk; null: on the disk. */
  readonly store: Store | null;
}

/** A bucket of an S3-compatible service. */
export interface Store {
  /** `https://host[:port]/bucket[/prefix]`, without a slash at its end. */
  readonly url: string;
  readonly region: string;
  readonly keyId: string;
  readonly secret: string;
}

const DEFAULT_PORT = 8080;
const DEFAULT_SAM: Target = { host: "127.0.0.1", port: 7_656 };
const DEFAULT_DATA_DIR = "data";

const port = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.regex(/^\d{1,5}$/), v.transform(Number))]),
  v.integer(),
  v.minValue(0),
  v.maxValue(65_535),
);
export const chaffRate: v.GenericSchema<unknown, number> = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.regex(/^\d{1,5}$/), v.transform(Number))]),
  v.integer(),
  v.minValue(0),
  v.maxValue(COVER_LIMITS.chaffPerHour),
);
const relay = v.pipe(v.string(), v.rawTransform(toRelayUrl));
const webUrl = v.pipe(v.string(), v.url(), v.regex(/^(https?|wss?):/));

/** `auto` is what services without regions take. */
const DEFAULT_REGION = "auto";

const SCHEMAS = {
  port,
  relays: v.pipe(v.array(relay), v.maxLength(ROUTE_LIMITS.relays)),
  embeddedRelay: v.boolean(),
  relayPort: port,
  secret: v.pipe(v.string(), v.minLength(VAULT_LIMITS.passphraseMinCharacters)),
  tracker: webUrl,
  genesisKey: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/i), v.toLowerCase()),
  logLevel: v.picklist(["silent", "error", "warn", "info", "debug"]),
  // Without a stream there is nothing to cover with: off is fast.
  cover: v.pipe(
    v.picklist([...COVER_PROFILES, "off"]),
    v.transform((word): CoverProfile => (word === "off" ? "fast" : word)),
  ),
  chaff: chaffRate,
  route: v.picklist(["direct", "tor"]),
  torrc: v.pipe(
    v.string(),
    v.check((path) => existsSync(path)),
    v.transform((path) => resolve(path)),
  ),
  sam: v.pipe(v.string(), v.rawTransform(toTarget)),
  store: v.pipe(v.string(), v.rawTransform(toStore)),
  storeKey: v.pipe(v.string(), v.regex(/^[^:\s]+:\S+$/)),
} as const;

type Key = keyof typeof SCHEMAS;
type Layer = Partial<Record<Key, { value: unknown; source: string }>>;

export const CHAFF_HINT: string = `Use a whole number of cells an hour from 0 to ${COVER_LIMITS.chaffPerHour}, for example --chaff 120.`;

/** What to write instead; shown when a value is refused. */
const SUGGESTIONS: Record<Key, string> = {
  port: "Use a whole number from 0 to 65535, for example --port 8080.",
  relays: `Use up to ${ROUTE_LIMITS.relays} addresses that begin with wss:// or ws://, for example --relay wss://nos.lol.`,
  embeddedRelay: "Use true or false.",
  relayPort: "Use a whole number from 0 to 65535, for example --relay-port 7447.",
  secret: `Use at least ${VAULT_LIMITS.passphraseMinCharacters} characters.`,
  tracker: "Use a web address, for example https://tracker.example.",
  genesisKey: "Use the 64 hex characters of an Ed25519 public key.",
  logLevel: "Use silent, error, warn, info or debug.",
  cover: "Use stealth, balanced, fast or off.",
  chaff: CHAFF_HINT,
  route: "Use direct or tor.",
  torrc: "Use the path of a file with lines as in a torrc.",
  sam: "Use HOST:PORT, for example 127.0.0.1:7656.",
  store:
    "Use the address of a bucket, for example https://s3.example.org/my-bucket/nocturne?region=eu-1; http only on this machine, and no key in it.",
  storeKey: "Use KEY_ID:SECRET, as the service gave it to you.",
};

/**
 * The validated configuration. `NOCTURNE_SECRET` and `NOCTURNE_STORE_KEY` are taken out of `environment`, so that no
 * child process and no crash report inherits them.
 * Throws UsageError `bad_option` for a refused value, PolicyError `not_available` for a protection
 * that cannot be given: it is never silently replaced by a weaker one.
 */
export function readConfig(flags: ConfigFlags, environment: NodeJS.ProcessEnv = process.env): Config {
  const dataDir = resolve(flags.dataDir ?? (environment["NOCTURNE_DATA_DIR"] || DEFAULT_DATA_DIR));
  const fromEnvironment = environmentLayer(environment);
  delete environment["NOCTURNE_SECRET"];
  delete environment["NOCTURNE_STORE_KEY"];
  const layers = [flagLayer(flags), fromEnvironment, fileLayer(join(dataDir, "config.json"))];
  checkProtection(flags, environment);
  const read = <K extends Key>(key: K): v.InferOutput<(typeof SCHEMAS)[K]> | null => readValue(key, layers);
  return {
    dataDir,
    port: read("port") ?? DEFAULT_PORT,
    relays: [...new Set(read("relays") ?? [])],
    embeddedRelay: read("embeddedRelay") ?? true,
    relayPort: read("relayPort"),
    secret: read("secret"),
    tracker: read("tracker"),
    genesisKey: read("genesisKey"),
    logLevel: read("logLevel") ?? "warn",
    cover: read("cover"),
    chaff: read("chaff") ?? 0,
    route: read("route"),
    torrc: read("torrc"),
    searchPath: environment["PATH"] ?? "",
    browserEnvironment: browserEnvironment(environment),
    sam: read("sam") ?? DEFAULT_SAM,
    store: storeOf(read("store"), read("storeKey")),
  };
}

function storeOf(place: Pick<Store, "url" | "region"> | null, key: string | null): Store | null {
  if (place === null && key === null) return null;
  if (place === null || key === null) {
    const [given, missing] = place === null ? ["a key", "NOCTURNE_STORE"] : ["a bucket", "NOCTURNE_STORE_KEY"];
    throw new UsageError("bad_option", `There is ${given} for files, but no ${missing}.`, {
      hint: "Set both NOCTURNE_STORE and NOCTURNE_STORE_KEY, or neither.",
    });
  }
  const colon = key.indexOf(":");
  return { ...place, keyId: key.slice(0, colon), secret: key.slice(colon + 1) };
}

function readValue<K extends Key>(key: K, layers: readonly Layer[]): v.InferOutput<(typeof SCHEMAS)[K]> | null {
  const given = layers.map((layer) => layer[key]).find((entry) => entry !== undefined);
  if (!given) return null;
  const result = v.safeParse(SCHEMAS[key], given.value);
  if (result.success) return result.output;
  throw new UsageError("bad_option", `The value of ${given.source} cannot be used.`, { hint: SUGGESTIONS[key] });
}

function flagLayer(flags: ConfigFlags): Layer {
  const level = flags.verbose ? "debug" : flags.quiet ? "error" : undefined;
  return said({
    port: [flags.port, "--port"],
    relays: [flags.relay?.length ? flags.relay : undefined, "--relay"],
    embeddedRelay: [flags.embeddedRelay === false ? false : undefined, "--no-embedded-relay"],
    relayPort: [flags.relayPort, "--relay-port"],
    logLevel: [level, flags.verbose ? "-v" : "-q"],
    cover: [flags.cover, "--cover"],
    chaff: [flags.chaff, "--chaff"],
    route: [flags.route, "--route"],
  });
}

/** An empty variable counts as not set, as shells and container files leave them behind. */
function environmentLayer(environment: NodeJS.ProcessEnv): Layer {
  return said({
    port: [environment["PORT"] || undefined, "PORT"],
    secret: [environment["NOCTURNE_SECRET"] || undefined, "NOCTURNE_SECRET"],
    tracker: [environment["NOCTURNE_TRACKER"] || undefined, "NOCTURNE_TRACKER"],
    genesisKey: [environment["NOCTURNE_GENESIS_KEY"] || undefined, "NOCTURNE_GENESIS_KEY"],
    route: [environment["NOCTURNE_ROUTE"] || undefined, "NOCTURNE_ROUTE"],
    torrc: [environment["NOCTURNE_TORRC"] || undefined, "NOCTURNE_TORRC"],
    sam: [environment["NOCTURNE_SAM"] || undefined, "NOCTURNE_SAM"],
    store: [environment["NOCTURNE_STORE"] || undefined, "NOCTURNE_STORE"],
    storeKey: [environment["NOCTURNE_STORE_KEY"] || undefined, "NOCTURNE_STORE_KEY"],
  });
}

const FILE_KEYS: readonly Key[] = [
  "port",
  "relays",
  "embeddedRelay",
  "relayPort",
  "tracker",
  "genesisKey",
  "logLevel",
  "cover",
  "chaff",
  "route",
  "torrc",
  "sam",
  "store",
];

/** A secret has no place in the file: it lies beside the data it would protect. */
function fileLayer(path: string): Layer {
  const text = readIfThere(path);
  if (text === null) return {};
  const parsed = v.safeParse(
    v.pipe(
      v.string(),
      v.parseJson(),
      v.check((value) => !Array.isArray(value)),
      v.record(v.string(), v.unknown()),
    ),
    text,
  );
  const hint = `Use one JSON object with any of these keys: ${FILE_KEYS.join(", ")}.`;
  if (!parsed.success) throw new UsageError("bad_config_file", `${path} is not a JSON object.`, { hint });
  const unknown = Object.keys(parsed.output).find((key) => !FILE_KEYS.includes(key as Key));
  if (unknown !== undefined)
    throw new UsageError("bad_config_file", `${path} has an unknown key "${unknown}".`, { hint });
  return said(
    Object.fromEntries(Object.entries(parsed.output).map(([key, value]) => [key, [value, `"${key}" in ${path}`]])),
  );
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw cause;
  }
}

function said(values: Partial<Record<Key, [unknown, string]>>): Layer {
  const entries = Object.entries(values).filter(([, [value]]) => value !== undefined);
  return Object.fromEntries(entries.map(([key, [value, source]]) => [key, { value, source }]));
}

function checkProtection(flags: ConfigFlags, environment: NodeJS.ProcessEnv): void {
  if ((flags.route ?? environment["NOCTURNE_ROUTE"]) !== "mix") return;
  throw new PolicyError("not_available", 'The route "mix" is not available in this version.', {
    hint: "Use --route tor; or --route direct if your relays may see your network address.",
  });
}

function toTarget({ dataset, addIssue, NEVER }: v.RawTransformContext<string>): Target {
  const url = URL.parse(`tcp://${dataset.value}`);
  if (url && url.hostname !== "" && url.port !== "" && url.host === dataset.value) {
    return { host: url.hostname, port: Number(url.port) };
  }
  addIssue({ message: "not HOST:PORT" });
  return NEVER;
}

function toRelayUrl({ dataset, addIssue, NEVER }: v.RawTransformContext<string>): string {
  const url = normalizeRelayUrl(dataset.value);
  if (url !== null) return url;
  addIssue({ message: "not a relay address" });
  return NEVER;
}

/** Plain http only where nobody is between: the key's signature travels with each call. */
function toStore({ dataset, addIssue, NEVER }: v.RawTransformContext<string>): Pick<Store, "url" | "region"> {
  const url = URL.parse(dataset.value);
  const path = url?.pathname.replace(/\/+$/, "") ?? "";
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopbackHost(url.hostname));
  const names = [...(url?.searchParams.keys() ?? [])];
  const isKnown = names.every((name) => name === "region") && url?.hash === "";
  if (!url || !isSafe || !isKnown || path === "" || url.username !== "" || url.password !== "") {
    addIssue({ message: "not the address of a bucket" });
    return NEVER;
  }
  return { url: `${url.origin}${path}`, region: url.searchParams.get("region") || DEFAULT_REGION };
}
