/** By which URLs a relay is known to its clients. Pure. */

import { isLoopbackHost } from "../core/loopback.ts";

/** Where one connection arrived. */
export interface ArrivalPoint {
  /** The host that the relay was told to listen on. */
  readonly host: string;
  readonly port: number;
  /** The address of this machine that the client dialled. */
  readonly localAddress: string | undefined;
  /** Under which names its operator says that the relay is known, such as `wss://relay.example`. */
  readonly publicUrls: readonly string[];
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { "ws:": "80", "wss:": "443" };

/** `ws://host:port` under which a program on this machine reaches a relay that listens on `host`. */
export function relayUrl(host: string, port: number): string {
  if (host === "0.0.0.0" || host === "") return `ws://127.0.0.1:${port}`;
  if (host === "::") return `ws://[::1]:${port}`;
  return `ws://${bracketed(host)}:${port}`;
}

/**
 * Is `url` a way to this relay? The port must be ours and the host the one we listen on, the address
 * that was dialled, or any name of this machine itself: those are one and the same to its user. Another
 * name counts only if the operator gave it: a Host header is the client's word, and believing it would let
 * a relay in the middle use a login that was made for itself.
 */
export function isOwnUrl(url: URL, { host, port, localAddress, publicUrls }: ArrivalPoint): boolean {
  if (publicUrls.some((known) => url.origin === new URL(known).origin)) return true;
  if ((url.port || DEFAULT_PORTS[url.protocol]) !== String(port)) return false;
  const dialled = localAddress?.replace(/^::ffff:/, "") ?? "";
  return isLoopbackHost(url.hostname) || url.hostname === bracketed(host) || url.hostname === bracketed(dialled);
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
