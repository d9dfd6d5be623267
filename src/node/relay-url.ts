/** Addresses of relays: one spelling each, so that the same relay is never counted twice. */
import { isLoopbackHost } from "../core/loopback.ts";

/** `ws://` or `wss://` address without user, query and fragment and without a bare final slash; null for anything else. */
export function normalizeRelayUrl(text: string): string | null {
  const url = URL.parse(text.trim());
  if (!url || (url.protocol !== "wss:" && url.protocol !== "ws:") || url.hostname === "") return null;
  if (url.username || url.password || url.search || url.hash) return null;
  return url.pathname === "/" ? `${url.protocol}//${url.host}` : url.href;
}

/**
 * Whose relay this is, as far as its address tells: its host, whatever port, path or scheme. On this machine the port
 * tells two relays apart.
 */
export function relayPlace(address: string): string {
  const url = URL.parse(address);
  if (!url) return address;
  if (isLoopbackHost(url.hostname)) return `loopback:${url.port || (url.protocol === "wss:" ? "443" : "80")}`;
  return url.hostname.replace(/\.$/, "");
}

/** True when only programs on this machine can reach the relay. */
export function isLoopbackRelay(url: string): boolean {
  return isLoopbackHost(URL.parse(url)?.hostname ?? "");
}
