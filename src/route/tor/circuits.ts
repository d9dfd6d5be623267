/** The circuits of a tor: read from GETINFO circuit-status, and for people with the country of each hop. */
import type { ControlClient } from "./control-client.ts";
import { readWords } from "./control-text.ts";

export interface Hop {
  /** 40 hexadecimal digits, capital. */
  readonly fingerprint: string;
  readonly nickname: string;
  /** ISO 3166 code of the country where its address is said to be; null when it is not known. */
  readonly country: string | null;
}

/** The hops of a circuit, from the guard on. */
export interface CircuitView {
  readonly id: string;
  /** `general`, `hs_client`, `hs_service` and the like, as Tor calls it. */
  readonly purpose: string;
  readonly hops: readonly Hop[];
}

export interface Circuit extends CircuitView {
  /** `LAUNCHED`, `EXTENDED`, `BUILT` and the like. */
  readonly status: string;
  /** Of the streams on it; null before the first, and for those without. */
  readonly user: string | null;
  /** The same for circuits that carry one stream together, by several guards; null for one that stands alone. */
  readonly conflux: string | null;
  /** Milliseconds since 1970, by the clock of this machine; null when it was not told. */
  readonly createdMs: number | null;
}

const HOP = /^\$([0-9A-F]{40})(?:[~=](.*))?$/i;

/** Reads circuit-status; lines that are no circuits are left out. Countries are not known by it. */
export function readCircuits(text: string): Circuit[] {
  return text.split("\n").flatMap((line) => {
    const { plain, named } = readWords(line);
    const [id, status, path = ""] = plain;
    if (id === undefined || status === undefined || !/^\w+$/.test(id)) return [];
    return {
      id,
      status,
      purpose: (named.get("PURPOSE") ?? "general").toLowerCase(),
      hops: path.split(",").flatMap(readHop),
      user: named.get("SOCKS_USERNAME") ?? null,
      conflux: named.get("CONFLUX_ID") ?? null,
      createdMs: readTime(named.get("TIME_CREATED")),
    };
  });
}

/** UTC, with microseconds and without its zone. */
function readTime(text: string | undefined): number | null {
  const timeMs = Date.parse(`${text}Z`);
  return Number.isNaN(timeMs) ? null : timeMs;
}

/** `$FINGERPRINT~nickname`; nothing else is a hop. */
export function readHop(text: string): Hop[] {
  const [, fingerprint, nickname = ""] = HOP.exec(text) ?? [];
  return fingerprint === undefined ? [] : [{ fingerprint: fingerprint.toUpperCase(), nickname, country: null }];
}

/** Relays whose country is remembered. */
const COUNTRIES = 4_096;

/** Where relays are said to be, by the addresses in Tor's directory and the list that comes with Tor. */
export class Countries {
  readonly #known = new Map<string, string | null>();

  /** The same circuits with the countries of their hops. */
  async fill<C extends CircuitView>(control: ControlClient, circuits: readonly C[]): Promise<C[]> {
    return Promise.all(
      circuits.map(async (circuit) => ({
        ...circuit,
        hops: await Promise.all(
          circuit.hops.map(async (hop) => ({ ...hop, country: await this.#countryOf(control, hop.fingerprint) })),
        ),
      })),
    );
  }

  async #countryOf(control: ControlClient, fingerprint: string): Promise<string | null> {
    const known = this.#known.get(fingerprint);
    if (known !== undefined) return known;
    const country = await lookUp(control, fingerprint).catch(() => null); // bridges are in no directory
    if (this.#known.size >= COUNTRIES) this.#known.clear();
    this.#known.set(fingerprint, country);
    return country;
  }
}

async function lookUp(control: ControlClient, fingerprint: string): Promise<string | null> {
  const key = `ns/id/${fingerprint}`;
  const entry = (await control.getInfo(key)).get(key) ?? "";
  const address = /^r (?:\S+ ){4,5}(\d{1,3}(?:\.\d{1,3}){3}) /m.exec(entry)?.[1];
  if (address === undefined) return null;
  const country = (await control.getInfo(`ip-to-country/${address}`)).get(`ip-to-country/${address}`) ?? "";
  return /^[a-z]{2}$/i.test(country) ? country.toUpperCase() : null;
}
