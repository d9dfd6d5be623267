/**
 * What may be reached from a page, by host and port alone: nothing is resolved. Pure.
 *
 *   host, port -> { target, site, kind }   or   { refusal }: a code, of which `refused` makes an error
 *
 * Attacks that end here: a page that reaches for the router, for programs of this machine or for the app by an address in
 * any spelling; a page that makes the browser speak to mail servers and the like; a browser that calls its maker.
 */
import { PolicyError } from "../../core/errors.ts";
import { isCallHome } from "./call-home.ts";
import { type DialledKind, placeOfHost } from "./site.ts";
import type { Target } from "../route.ts";

export type RefusalCode =
  | "bad_target"
  | "address_refused"
  | "internal_refused"
  | "port_refused"
  | "call_home_refused"
  | "no_route_there";

export type Verdict =
  | { readonly target: Target; readonly site: string; readonly kind: DialledKind; readonly refusal: null }
  | { readonly refusal: RefusalCode };

/** Where web servers are. Others would let a page use the browser as a client of something else. */
const WEB_PORTS: readonly number[] = [80, 443, 8080, 8443];

/** Whether `host` at `port` may be reached, and as what. */
export function judge(host: string, port: number): Verdict {
  const place = placeOfHost(host);
  if (place === null || !Number.isInteger(port) || port < 1 || port > 65_535) return { refusal: "bad_target" };
  if (place.site === null) return { refusal: place.kind === "address" ? "address_refused" : "internal_refused" };
  if (place.kind === "web" && !WEB_PORTS.includes(port)) return { refusal: "port_refused" };
  if (isCallHome(place.host)) return { refusal: "call_home_refused" };
  return { target: { host: place.host, port }, site: place.site, kind: place.kind, refusal: null };
}

const REFUSALS: Readonly<Record<RefusalCode, { readonly message: string; readonly hint: string }>> = {
  bad_target: { message: "This is not the address of a web site.", hint: "Check how it is written." },
  address_refused: {
    message: "Addresses made of numbers are not opened here, because they may lead into your own network.",
    hint: "Use the site's name, or another browser.",
  },
  internal_refused: {
    message: "This name belongs to your own machine or network, which pages must not reach from here.",
    hint: "Use another browser for it.",
  },
  port_refused: {
    message: "Sites are opened at the ports 80, 443, 8080 and 8443 only, so that pages cannot speak to other services.",
    hint: "Use another program for other services.",
  },
  call_home_refused: {
    message: "Browsers call this address by themselves, so it is blocked here.",
    hint: "Use another browser if you need it.",
  },
  no_route_there: {
    message: "No way leads to names of this kind here: .i2p needs I2P, and .nocturne a later version.",
    hint: "Open the site by another of its names, if it has one.",
  },
};

/** PolicyError of that code. It does not name the host. */
export function refused(code: RefusalCode): PolicyError {
  return new PolicyError(code, REFUSALS[code].message, { hint: REFUSALS[code].hint });
}
