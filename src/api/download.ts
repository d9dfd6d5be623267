/** Answers that are streams of bytes, above all those that a browser saves as a file and never shows or runs. */
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Context } from "hono";
import { NocturneError } from "../core/errors.ts";
import { API_LIMITS } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import type { ApiEnvironment } from "./environment.ts";
import type { Download } from "./tickets.ts";

/** Sends a file to be saved. Throws what opening it throws. */
export async function sendDownload(
  c: Context<ApiEnvironment>,
  { name, bytes, open }: Download,
  log: Logger,
): Promise<Response> {
  const headers = {
    "content-disposition": contentDisposition(name),
    "content-security-policy": "default-src 'none'; sandbox",
    ...(bytes === null ? {} : { "content-length": String(bytes) }),
  };
  return sendStream(c, await open(), 200, headers, log);
}

/**
 * Sends bytes as fast as the reader reads. What fails before the first byte is thrown; what fails later
 * breaks the connection, so that no half file looks whole, once what was read before has had time to arrive.
 */
export async function sendStream(
  c: Context<ApiEnvironment>,
  source: AsyncIterable<Uint8Array>,
  status: 200 | 206 | 207,
  headers: Record<string, string>,
  log: Logger,
): Promise<Response> {
  const { outgoing } = c.env;
  const pieces = source[Symbol.asyncIterator]();
  const first = await pieces.next();
  const common = { "content-type": "application/octet-stream", ...Object.fromEntries(c.res.headers) };
  outgoing.writeHead(status, { ...common, ...headers });
  try {
    if (c.req.method === "HEAD") await pieces.return?.();
    await pipeline(c.req.method === "HEAD" ? [] : resume(first, pieces), outgoing);
  } catch (error) {
    // A reader that goes away is nothing to tell of; a file that turns out damaged is.
    if (error instanceof NocturneError) log.warn({ code: error.code }, "a download broke off");
  }
  return RESPONSE_ALREADY_SENT;
}

async function* resume(first: IteratorResult<Uint8Array>, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    for (let piece = first; !piece.done; piece = await rest.next()) yield piece.value;
  } catch (error) {
    // A connection that breaks at once takes with it what is still on its way, and browsers forget what they have not
    // handed on. Whoever goes on where it broke would never come to the place where the next answer tells what is wrong.
    await sleep(API_LIMITS.breakOffMs);
    throw error;
  } finally {
    await rest.return?.();
  }
}

/** RFC 6266: a name for every reader, in UTF-8 (RFC 8187) and, for old ones, in ASCII without what ends a quote. */
export function contentDisposition(name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]|["\\%]/g, "_");
  const encoded = encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
