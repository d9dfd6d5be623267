/** A pool of connections that notes which queries of private retrieval go to which relay: what that relay keeps. */
import type { WebSocket } from "ws";
import { fromBase64Url } from "../../src/core/bytes.ts";
import { systemClock } from "../../src/core/clock.ts";
import { createLogger } from "../../src/core/log.ts";
import { directCarrier } from "../../src/route/carrier.ts";
import { RelayPool } from "../../src/route/relay-pool.ts";

export interface WatchedPool {
  readonly pool: RelayPool;
  /** Of each relay, by its host, in their order. */
  readonly asked: Map<string, Uint8Array[]>;
}

/** To be closed by whoever opens it. */
export function openWatchedPool(): WatchedPool {
  const asked = new Map<string, Uint8Array[]>();
  const dial: typeof directCarrier.dial = async (url, options) => {
    const socket = await directCarrier.dial(url, options);
    const send = socket.send.bind(socket) as (text: string) => void;
    const { hostname } = new URL(url);
    socket.send = ((text: string) => {
      const [type, , , , , query] = JSON.parse(text) as string[];
      const queries = asked.get(hostname) ?? [];
      asked.set(hostname, queries);
      if (type === "PIR") queries.push(fromBase64Url(query as string));
      send(text);
    }) as WebSocket["send"];
    return socket;
  };
  const carrier = { ...directCarrier, dial };
  return { pool: new RelayPool({ carrier, clock: systemClock, log: createLogger("silent") }), asked };
}

/** The record that two queries differ in: what two relays that compare theirs know. */
export function collude(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, i) => byte !== b[i]);
  return at * 8 + Math.log2((a[at] as number) ^ (b[at] as number));
}
