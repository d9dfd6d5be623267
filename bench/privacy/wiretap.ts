/** What relays see of everybody's connections: each event with its time, socket, size and address, as it is sent. */

import type { Clock } from "../../src/core/clock.ts";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { type Carrier, directCarrier } from "../../src/route/carrier.ts";
import type { Letter } from "./social-world.ts";
import type { RealCell, Trace } from "./trace.ts";

interface TappedCell {
  readonly id: string;
  /** Whose socket; both relays know which sockets are the same person's. */
  readonly person: number;
  readonly relay: number;
  readonly atMs: number;
  /** The first 32 bits. */
  readonly address: number;
}

export class Wiretap {
  readonly #cells: TappedCell[] = [];
  /** Events without an answer, and with a good or bad one. */
  unanswered = 0;
  taken = 0;
  refused = 0;
  readonly #clock: Clock;
  readonly #urls: readonly string[];

  constructor(clock: Clock, urls: readonly string[]) {
    this.#clock = clock;
    this.#urls = urls;
  }

  /** Connections of one person. */
  carrier(person: number): Carrier {
    const dial: Carrier["dial"] = async (url, options) => {
      const socket = await directCarrier.dial(url, options);
      const relay = this.#urls.findIndex((one) => url.startsWith(one));
      const send = socket.send.bind(socket) as (data: unknown) => void;
      socket.send = (data: unknown) => {
        this.#sent(person, relay, String(data));
        send(data);
      };
      socket.on("message", (data) => this.#answered((data as Buffer).toString()));
      return socket;
    };
    return { routeOf: () => "direct", dial };
  }

  /** By person, both relays together; `letterOf` names the real cells. */
  trace(people: number, letterOf: ReadonlyMap<string, Letter>): Pick<Trace, "sent" | "real"> {
    const sent = Array.from({ length: people }, () => ({ atMs: [] as number[], addresses: [] as number[] }));
    const real: RealCell[] = [];
    for (const { id, person, atMs, address } of this.#cells) {
      sent[person]?.atMs.push(atMs);
      sent[person]?.addresses.push(address);
      const letter = letterOf.get(id);
      if (letter) real.push({ from: letter.from, to: letter.to, atMs, address });
    }
    return { sent, real };
  }

  #sent(person: number, relay: number, frame: string): void {
    const [type, event] = JSON.parse(frame) as [string, NostrEvent];
    if (type !== "EVENT") return;
    this.unanswered++;
    const address = Number.parseInt((event.tags[0]?.[1] ?? "").slice(0, 8), 16);
    this.#cells.push({ id: event.id, person, relay, atMs: this.#clock.nowMs(), address });
  }

  #answered(frame: string): void {
    const [type, , accepted] = JSON.parse(frame) as [string, string, boolean];
    if (type !== "OK") return;
    this.unanswered--;
    if (accepted) this.taken++;
    else this.refused++;
  }
}
