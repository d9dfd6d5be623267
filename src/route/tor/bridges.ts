/**
 * Bridges: ways into the Tor network that are in no public list. Pure, but for the question which programs are here.
 *
 *   [Bridge] [transport] address:port [fingerprint] [key=value ...]      -> lines of a torrc, or which line is wrong and why
 *   transports of the lines -> the program that speaks each, on this machine -> ClientTransportPlugin
 *
 * Bridges that cannot be used never lead to a Tor without bridges: who asked for them must not be seen to use Tor.
 */
import { isIP } from "node:net";
import { PolicyError, ValidationError } from "../../core/errors.ts";
import { TOR_LIMITS } from "../../core/route-limits.ts";
import { findProgram, installHint, type Machine } from "./tor-binary.ts";

export type BridgeKind = "none" | "obfs4" | "snowflake" | "custom";

export interface Bridges {
  readonly kind: BridgeKind;
  readonly lines: readonly string[];
}

/** As `Tor` takes them. */
export interface BridgeLines {
  /** As after the word `Bridge`. */
  readonly lines: readonly string[];
  /** As after the word `ClientTransportPlugin`. */
  readonly plugins: readonly string[];
}

interface Transport {
  /** Programs that speak it, the best first. */
  readonly programs: readonly string[];
  /** Debian's package; others call it much the same. */
  readonly package: string;
}

const TRANSPORTS: Readonly<Record<string, Transport>> = {
  obfs4: { programs: ["lyrebird", "obfs4proxy"], package: "obfs4proxy" },
  snowflake: { programs: ["snowflake-client"], package: "snowflake-client" },
  webtunnel: { programs: ["lyrebird", "webtunnel-client"], package: "lyrebird" },
  meek_lite: { programs: ["lyrebird", "obfs4proxy"], package: "obfs4proxy" },
};

const FINGERPRINT = /^[0-9A-F]{40}$/i;
const ARGUMENT = /^[\w-]+=\S+$/;

/**
 * Lines as people paste them, in one spelling; empty ones and comments are left out. Throws ValidationError `bad_bridges`,
 * which names each bad line by its number among those that were given.
 */
export function readBridges({ kind, lines }: Bridges): Bridges {
  if (kind === "none") return { kind, lines: [] };
  const given = lines.flatMap((line, index) =>
    /^\s*(?:#|$)/.test(line) ? [] : [{ text: line.trim(), number: index + 1 }],
  );
  if (given.length === 0)
    throw bad("There is no line of a bridge.", "Paste at least one line, as it was given to you.");
  if (given.length > TOR_LIMITS.bridges) {
    throw bad(`These are more than ${TOR_LIMITS.bridges} bridges.`, "Leave some out: Tor uses a few at a time.");
  }
  const wrong: ValidationError[] = [];
  const read = given.flatMap(({ text, number }) => {
    try {
      return [readLine(text, number, kind)];
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error;
      wrong.push(error);
      return [];
    }
  });
  if (wrong.length > 0)
    throw bad(together(wrong.map(({ message }) => message)), together(wrong.map(({ hint }) => hint ?? "")));
  return { kind, lines: [...new Set(read)] };
}

/**
 * What Tor is to be told. Throws ValidationError as `readBridges`, PolicyError `plugin_missing` when no program of this
 * machine speaks what a line needs.
 */
export function bridgeLines(bridges: Bridges, machine: Machine): BridgeLines {
  const { lines } = readBridges(bridges);
  const transports = [...new Set(lines.flatMap((line) => transportOf(line) ?? []))];
  const plugins = transports.map((name) => `${name} exec ${programOf(name, machine)}`);
  return { lines, plugins };
}

function readLine(text: string, number: number, kind: BridgeKind): string {
  const at = `Line ${number}`;
  if (Buffer.byteLength(text) > TOR_LIMITS.bridgeLineBytes) throw bad(`${at} is too long for a bridge.`, COPY);
  if (!/^[!-~ \t]+$/.test(text)) throw bad(`${at} holds signs that no bridge has.`, COPY);
  const words = text.split(/\s+/);
  if (words[0]?.toLowerCase() === "bridge") words.shift();
  const transport = /^[a-z]\w*$/i.test(words[0] ?? "") ? words.shift() : undefined;
  const [place = "", ...rest] = words;
  if (!isPlace(place)) throw bad(`${at} has no address with a port, such as 192.0.2.3:443.`, COPY);
  if (transport !== undefined && !Object.hasOwn(TRANSPORTS, transport)) {
    const known = Object.keys(TRANSPORTS).join(", ");
    throw bad(`${at} is of a kind that is not known here.`, `Use bridges of one of these kinds: ${known}.`);
  }
  if (kind !== "custom" && transport !== kind)
    throw bad(`${at} is no bridge of the kind ${kind}.`, `Choose "custom" for other kinds.`);
  const [fingerprint, ...more] = FINGERPRINT.test(rest[0] ?? "") ? rest : [undefined, ...rest];
  if (transport !== undefined && fingerprint === undefined)
    throw bad(`${at} lacks the bridge's fingerprint, 40 hex digits.`, COPY);
  if (more.some((word) => !ARGUMENT.test(word ?? "")))
    throw bad(`${at} goes on with something that is no setting.`, COPY);
  if (transport === "obfs4" && !more.some((word) => word?.startsWith("cert=")))
    throw bad(`${at} lacks its certificate (cert=).`, COPY);
  return [transport, place, fingerprint?.toUpperCase(), ...more].filter((word) => word !== undefined).join(" ");
}

/** Each once, as one text. */
function together(sentences: readonly string[]): string {
  return [...new Set(sentences)].join(" ");
}

const COPY = "Copy the whole line once more, as it was given to you.";

function isPlace(text: string): boolean {
  const [, v6, v4, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const isAddress = v6 === undefined ? isIP(v4 ?? "") === 4 : isIP(v6) === 6;
  return isAddress && Number(port) > 0 && Number(port) <= 65_535;
}

function transportOf(line: string): string | null {
  const [word = ""] = line.split(" ");
  return Object.hasOwn(TRANSPORTS, word) ? word : null;
}

function programOf(name: string, machine: Machine): string {
  const { programs, package: packageName } = TRANSPORTS[name] as Transport;
  const found = programs.map((program) => findProgram(machine, program)).find((path) => path !== null);
  if (found) return found;
  throw new PolicyError("plugin_missing", `Bridges of the kind ${name} need a program that is not on this machine.`, {
    hint: installHint(machine, packageName),
  });
}

function bad(message: string, hint: string): ValidationError {
  return new ValidationError("bad_bridges", message, { hint });
}
