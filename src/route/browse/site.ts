/**
 * What a host is for private browsing: which kind of place, and of which site it is a part.
 *
 *   "WWW.Example.co.uk."  ->  { kind: "web",   host: "www.example.co.uk", site: "example.co.uk" }
 *   "a.<56>.onion"        ->  { kind: "onion", ...                        site: "<56>.onion" }
 *   "0x7f.1"              ->  { kind: "address", host: "127.0.0.1", site: null }
 *
 * A site is what has circuits of its own: all hosts under one registrable domain (public suffix list, private part
 * included, so that two people's pages at one host of pages are two sites). Pure.
 */
import { isIP } from "node:net";
import { getDomain } from "tldts";

/** What a route may lead to. `nocturne`: content that strangers' nodes keep; no route leads there yet. */
export type DialledKind = "web" | "onion" | "i2p" | "nocturne";

/** `address`: an IP address in any spelling. `internal`: a name that means a machine nearby, or none at all. */
export type Place =
  | { readonly kind: DialledKind; readonly host: string; readonly site: string }
  | { readonly kind: "internal" | "address"; readonly host: string; readonly site: null };

/** Names that no public resolver may be asked for: RFC 6761, 6762, 8375, 9476, ICANN's `internal`, and habits of routers. */
const INTERNAL =
  /(^|\.)(localhost|local|localdomain|internal|intranet|private|lan|home|corp|domain|workgroup|arpa|test|invalid|alt)$/;

/** What would end the host within a URL, and so make the checks see another host than the one that is dialled. */
const FORBIDDEN = /[\s/\\?#@:%[\]<>^|\0]/;

/** Longest name of DNS, RFC 1035 2.3.4. */
const MAX_HOST = 253;

/** The host in one spelling, and what it is; null for what no host can be. IPv6 addresses come with or without brackets. */
export function placeOfHost(text: string): Place | null {
  const bare = text.replace(/^\[(.*)\]$/, "$1");
  if (isIP(bare) === 6) return { kind: "address", host: `[${bare}]`, site: null };
  if (text.length > MAX_HOST + 1 || FORBIDDEN.test(text)) return null;
  // As browsers do it: case, international names, and all numbers that are IPv4 addresses (2130706433, 0x7f.1, 0177.0.0.1).
  const host = URL.parse(`http://${text}/`)?.hostname.replace(/\.$/, "") ?? "";
  if (host === "" || host.includes("..") || host.startsWith(".")) return null;
  if (isIP(host) !== 0) return { kind: "address", host, site: null };
  const labels = host.split(".");
  const top = labels.at(-1);
  if (labels.length === 1 || INTERNAL.test(host)) return { kind: "internal", host, site: null };
  if (top === "onion" || top === "i2p" || top === "nocturne") return { kind: top, host, site: siteOfHidden(labels) };
  // A public suffix itself, such as `github.io`, has pages, too: it is its own site.
  return { kind: "web", host, site: getDomain(host, { allowPrivateDomains: true }) ?? host };
}

/** The address of a service is its key; `b32.i2p` is only what such keys end in. */
function siteOfHidden(labels: readonly string[]): string {
  const lastTwo = labels.slice(-2).join(".");
  return lastTwo === "b32.i2p" ? labels.slice(-3).join(".") : lastTwo;
}
