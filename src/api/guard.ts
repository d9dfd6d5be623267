/**
 * Who may talk to the app. It listens on this machine only, yet every web page that the person
 * visits can send requests to this machine, and so can every program of every user of it:
 *
 *     wrong Host            421   DNS rebinding: evil.test resolves to 127.0.0.1 (CVE-2024-28224)
 *     foreign page          403   a page elsewhere, or on another port here, calls the API
 *     no session            401   another program or user here; cookies would leak to every port
 *     127.0.0.1, [::1]      308   one origin only, so that storage and passkeys have one home
 *     any page on /dav/     403   the mount is for programs, which show a password of its own
 *
 * The Unix socket needs none of this: its file permission has already asked who is there.
 */
import type { IncomingMessage } from "node:http";
import type { MiddlewareHandler } from "hono";
import { DAV_ROOT } from "./dav/dav-path.ts";
import type { ApiEnvironment } from "./environment.ts";
import { GuardError } from "./errors.ts";
import { API_HEADERS, appHeaders, DOWNLOAD_PAGE_HEADERS } from "./headers.ts";
import { isLinkCall } from "./link-door.ts";
import type { Sessions } from "./sessions.ts";

export const SESSION_HEADER = "x-nocturne-session";
/** The one call that a page can only make as a form, so that the browser itself saves the file. */
export const DOWNLOAD_PATH = "/api/files/download";
/** What elements of the page may ask for: bytes of a preview, by its ticket. */
export const PREVIEW_PATH = "/api/files/preview";
/** Images, players and frames; not scripts, styles, workers, or a page of its own. */
const PREVIEW_ELEMENTS: readonly (string | undefined)[] = ["image", "audio", "video", "iframe"];
const SESSION_PATH = "/api/session";

/** The parts of a request that a web page elsewhere cannot choose freely. */
export interface RequestFacts {
  readonly method: string;
  /** As it stands in the request line. */
  readonly target: string;
  /** As the routes will read it: decoded, so that no spelling slips past. */
  readonly path: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
  readonly fetchMode: string | undefined;
  readonly fetchDest: string | undefined;
}

export function requestFacts(incoming: IncomingMessage, path: string): RequestFacts {
  const { headers } = incoming;
  return {
    method: incoming.method ?? "GET",
    target: incoming.url ?? "/",
    path,
    host: headers.host,
    origin: headers.origin,
    fetchSite: first(headers["sec-fetch-site"]),
    fetchMode: first(headers["sec-fetch-mode"]),
    fetchDest: first(headers["sec-fetch-dest"]),
  };
}

/**
 * The URL to go to instead, or null when the request may go on.
 * Throws GuardError 421 `wrong_host`, 403 `foreign_page`.
 */
export function judgeRequest(facts: RequestFacts, port: number): string | null {
  const host = facts.host?.toLowerCase();
  if (host === undefined || !allowedHosts(port).includes(host) || !facts.target.startsWith("/")) {
    throw new GuardError(421, "wrong_host", "This address does not belong to Nocturne.");
  }
  // Programs that mount send neither: no page of any browser has business here, not even our own.
  const isPage = facts.origin !== undefined || facts.fetchSite !== undefined;
  if ((isDavPath(facts.path) && isPage) || !isOwnOrigin(facts, host) || !isOwnSite(facts)) {
    throw new GuardError(403, "foreign_page", "Another web page may not use Nocturne.");
  }
  const home = `localhost:${port}`;
  return host !== home && isPageVisit(facts) ? `http://${home}${facts.target}` : null;
}

/** Default ports are left out of the Host header (RFC 9110 section 7.2). */
function allowedHosts(port: number): string[] {
  const names = ["localhost", "127.0.0.1", "[::1]"];
  return port === 80 ? [...names, ...names.map((name) => `${name}:80`)] : names.map((name) => `${name}:${port}`);
}

/**
 * Without an Origin it is no script of a page. Under our own no-referrer policy a browser names a
 * form's origin "null"; then Sec-Fetch-Site, which no page can forge, must vouch for it.
 */
function isOwnOrigin(facts: RequestFacts, host: string): boolean {
  if (facts.origin === undefined || facts.origin === `http://${host}`) return true;
  return facts.origin === "null" && facts.path === DOWNLOAD_PATH && facts.fetchSite === "same-origin";
}

/** A visit to a page may come from anywhere (a link in a chat); everything else only from our own pages. */
function isOwnSite(facts: RequestFacts): boolean {
  if (facts.fetchSite === undefined || facts.fetchSite === "same-origin") return true;
  return facts.fetchMode === "navigate" && isPageVisit(facts);
}

function isPageVisit({ method, path, fetchMode }: RequestFacts): boolean {
  const isRead = method === "GET" || method === "HEAD";
  const isPage = !isApiPath(path) && !isLinkCall(path) && !isDavPath(path);
  return isRead && isPage && (fetchMode === undefined || fetchMode === "navigate");
}

function isApiPath(path: string): boolean {
  return path === "/api" || path.startsWith("/api/");
}

function isDavPath(path: string): boolean {
  return path === DAV_ROOT || path.startsWith(`${DAV_ROOT}/`);
}

/** Judges every request, asks for the session, and puts the protecting headers on every answer. */
export function guard(port: () => number, sessions: Sessions): MiddlewareHandler<ApiEnvironment> {
  return async (c, next) => {
    const { incoming, trusted } = c.env;
    const path = c.req.path;
    for (const [name, value] of Object.entries(areaHeaders(path, port()))) c.header(name, value);
    if (trusted) return next();
    const facts = requestFacts(incoming, path);
    const elsewhere = judgeRequest(facts, port());
    if (elsewhere !== null) return c.body(null, 308, { location: elsewhere });
    const isShown = isPreview(facts);
    if (isApiPath(path) && !isLogin(c.req.method, path) && !isTicketForm(c.req.method, path) && !isShown) {
      checkSession(c.req.header(SESSION_HEADER), sessions);
    }
    return next();
  };
}

function areaHeaders(path: string, port: number): Record<string, string> {
  if (isApiPath(path) || isLinkCall(path) || isDavPath(path)) return API_HEADERS;
  return path.startsWith("/s/") ? DOWNLOAD_PAGE_HEADERS : appHeaders(port);
}

function isLogin(method: string, path: string): boolean {
  return method === "POST" && path === SESSION_PATH;
}

/** A form cannot carry a header: its one-time ticket stands in for the session that asked for it. */
function isTicketForm(method: string, path: string): boolean {
  return method === "POST" && path === DOWNLOAD_PATH;
}

/**
 * An element of our own page. Its ticket stands in for the session, so the browser must vouch for where it comes from:
 * without Sec-Fetch-Site and -Dest, which no page can forge, the session is asked for.
 */
function isPreview({ method, path, fetchSite, fetchDest }: RequestFacts): boolean {
  const isRead = method === "GET" && path.startsWith(`${PREVIEW_PATH}/`);
  return isRead && fetchSite === "same-origin" && PREVIEW_ELEMENTS.includes(fetchDest);
}

function checkSession(session: string | undefined, sessions: Sessions): void {
  if (session !== undefined && sessions.has(session)) return;
  throw new GuardError(401, "no_session", "This page is not signed in to Nocturne.", {
    hint: "Open it with a new launch link: nocturne open",
  });
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
