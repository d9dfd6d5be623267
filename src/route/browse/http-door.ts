/**
 * The HTTP side of a window's proxy.
 *
 *   CONNECT host:port          -> dial -> 200 -> bytes both ways
 *   GET http://host/path       -> dial -> the request as it came, less what is meant for the proxy -> its answer
 *   anything else (GET /path)  -> closed without a word: it comes from a web page in another browser that looks for ports
 *
 * Node's own server, and not a package of proxies: those that are kept dial for themselves, and go straight to the site
 * when nobody tells them otherwise.
 */
import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from "node:http";
import { type Duplex, pipeline } from "node:stream";
import { NetworkError, type NocturneError, PolicyError, toNocturneError } from "../../core/errors.ts";
import { BROWSE_LIMITS } from "../../core/route-limits.ts";
import { targetUnreachable } from "../errors.ts";
import { type Admission, isAuthorized } from "./admission.ts";
import type { BrowseDialer } from "./browse-dialer.ts";
import { join } from "./join.ts";

/** Meant for one connection and not for the site (RFC 9110 7.6.1), and what clients tell proxies. */
const HOP_BY_HOP: readonly string[] = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "upgrade",
];

/** A server to which accepted connections are handed as `connection` events. `greeted` is told of each whole request. */
export function createHttpDoor(
  dialer: BrowseDialer,
  admission: Admission,
  greeted: (connection: Duplex) => void,
): Server {
  const server = createServer({ maxHeaderSize: BROWSE_LIMITS.headerBytes });
  server.on("connect", (request: IncomingMessage, client: Duplex, head: Buffer) => {
    greeted(client);
    void tunnel(dialer, admission, { request, client, head });
  });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    greeted(request.socket);
    void forward(dialer, admission, request, response);
  });
  server.on("clientError", (_error, client: Duplex) => client.destroy());
  return server;
}

interface Tunnel {
  readonly request: IncomingMessage;
  readonly client: Duplex;
  /** What came after the request already. */
  readonly head: Buffer;
}

async function tunnel(dialer: BrowseDialer, admission: Admission, { request, client, head }: Tunnel): Promise<void> {
  if (!isAuthorized(admission, request.headers["proxy-authorization"])) return endTunnel(client, unauthorized());
  const gone = new AbortController();
  const leave = () => gone.abort();
  client.once("close", leave);
  try {
    const [, host = "", port = ""] = /^(.+):(\d{1,5})$/.exec(request.url ?? "") ?? [];
    const far = await dialer.dial(host, Number(port), gone.signal);
    client.off("close", leave);
    client.write("HTTP/1.1 200 Connection established\r\n\r\n");
    if (head.length > 0) client.unshift(head);
    join(client, far);
  } catch (error) {
    endTunnel(client, toNocturneError(error));
  }
}

/** Browsers show their own page instead of this one; programs and people with curl read it. */
function endTunnel(client: Duplex, error: NocturneError): void {
  const body = sayPlainly(error);
  const { status, phrase } = statusOf(error);
  const headers = Object.entries({ ...PAGE_HEADERS, ...challengeOf(error), "Content-Length": Buffer.byteLength(body) });
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  client.end(`HTTP/1.1 ${status} ${phrase}\r\n${lines}Connection: close\r\n\r\n${body}`);
}

async function forward(
  dialer: BrowseDialer,
  admission: Admission,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = URL.parse(request.url ?? "");
  if (url?.protocol !== "http:") return void request.socket.destroy();
  if (!isAuthorized(admission, request.headers["proxy-authorization"])) return endRequest(response, unauthorized());
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  try {
    const far = await dialer.dial(url.hostname, Number(url.port || 80), gone.signal);
    gone.signal.addEventListener("abort", () => far.destroy());
    exchange({ request, response, url, far });
  } catch (error) {
    endRequest(response, toNocturneError(error));
  }
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly far: Duplex;
}

function exchange({ request, response, url, far }: Exchange): void {
  const onward = httpRequest({
    createConnection: () => far,
    method: request.method ?? "GET",
    path: `${url.pathname}${url.search}`,
    headers: ["Host", url.host, ...endToEnd(request, ["host"])],
    setHost: false,
    maxHeaderSize: BROWSE_LIMITS.headerBytes,
  });
  onward.once("socket", () => far.resume()); // it may have been paused before anybody listened
  const fail = (error: Error) => endRequest(response, targetUnreachable(error));
  onward.once("error", fail);
  onward.once("response", (answer) => {
    try {
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEnd(answer));
    } catch (error) {
      far.destroy();
      return fail(error as Error); // bytes that no header may have
    }
    pipeline(answer, response, () => {});
  });
  pipeline(request, onward, () => {});
}

/** The headers of a message as they came, name after value, less those of one connection. */
function endToEnd(message: IncomingMessage, more: readonly string[] = []): string[] {
  const named = (message.headers.connection ?? "").toLowerCase().split(/\s*,\s*/);
  const dropped = new Set([...HOP_BY_HOP, ...named, ...more]);
  return message.rawHeaders.filter((_, at, all) => !dropped.has((all[at - (at % 2)] ?? "").toLowerCase()));
}

function endRequest(response: ServerResponse, error: NocturneError): void {
  if (response.headersSent) return void response.destroy();
  const body = sayPlainly(error);
  const { status } = statusOf(error);
  response.writeHead(status, { ...PAGE_HEADERS, ...challengeOf(error), "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

/** The page stands under the site's own name, so that it must hold nothing that came from there. */
const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "Content-Type": "text/plain; charset=utf-8",
  "Content-Security-Policy": "default-src 'none'; sandbox",
  "Cache-Control": "no-store",
};

function sayPlainly({ message, hint, code }: NocturneError): string {
  return `Nocturne, private browsing: ${message}${hint === undefined ? "" : ` ${hint}`} (${code})\n`;
}

function unauthorized(): PolicyError {
  return new PolicyError("proxy_password", "This proxy is for who has its password.", {
    hint: "Use the address that nocturne browse printed.",
  });
}

function challengeOf({ code }: NocturneError): Record<string, string> {
  return code === "proxy_password" ? { "Proxy-Authenticate": 'Basic realm="Nocturne"' } : {};
}

function statusOf(error: NocturneError): { readonly status: number; readonly phrase: string } {
  if (error.code === "proxy_password") return { status: 407, phrase: "Proxy Authentication Required" };
  if (error.code === "bad_target") return { status: 400, phrase: "Bad Request" };
  if (error.code === "target_unreachable") return { status: 504, phrase: "Gateway Timeout" };
  if (error instanceof NetworkError || error.code === "route_missing") return { status: 503, phrase: "No Way There" };
  return error instanceof PolicyError ? { status: 403, phrase: "Refused" } : { status: 502, phrase: "Bad Gateway" };
}
