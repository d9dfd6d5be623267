/**
 * Which circuit carries which stream of ours. Pure; fed by Tor's STREAM events, because GETINFO stream-status tells no
 * SOCKS user.
 *
 *   STREAM 26 NEW 0 example.org:443 ... SOCKS_USERNAME="ab.." SOCKS_PASSWORD="0"
 *   STREAM 26 SENTCONNECT 40 ...        on circuit 40
 *   STREAM 26 CLOSED 40 ...             gone
 */
import type { Target } from "../route.ts";
import { placeOf } from "../policy.ts";
import { readWords } from "./control-text.ts";
import type { Credentials } from "./socks-stream.ts";

export interface TorStream {
  readonly id: number;
  readonly user: string;
  readonly password: string;
  /** As it was asked for; Tor puts an address in its place later. */
  readonly place: string;
  /** Null until it is on one. */
  readonly circuit: string | null;
}

export class StreamTable {
  readonly #streams = new Map<number, TorStream>();

  /** The text of an event, from `STREAM` on. */
  note(text: string): void {
    const { plain, named } = readWords(text);
    const [, number, status, circuit = "0", place = ""] = plain;
    const id = Number(number);
    const [user, password] = [named.get("SOCKS_USERNAME"), named.get("SOCKS_PASSWORD")];
    if (status === "CLOSED" || status === "FAILED") return void this.#streams.delete(id);
    if (!Number.isSafeInteger(id) || user === undefined || password === undefined) return;
    const onCircuit = circuit === "0" || status === "DETACHED" ? null : circuit;
    const known = this.#streams.get(id);
    this.#streams.set(id, { id, user, password, place: known?.place ?? place.toLowerCase(), circuit: onCircuit });
  }

  /** A new tor has none of them. */
  clear(): void {
    this.#streams.clear();
  }

  /** Streams that may be this one, the newest last: two with one label to one target cannot be told apart. */
  find({ user, password }: Credentials, target: Target): TorStream[] {
    const alike = [...this.#streams.values()].filter((stream) => stream.user === user && stream.password === password);
    const same = alike.filter(({ place }) => place === placeOf(target));
    return same.length > 0 ? same : alike;
  }

  /** The newest stream of a label that is on a circuit; null without one. */
  newest(user: string): TorStream | null {
    return [...this.#streams.values()].findLast((stream) => stream.user === user && stream.circuit !== null) ?? null;
  }
}
