/**
 * Bodies, read from the connection itself: those that are held in memory bounded as they come, because a
 * `content-length` may lie, or be missing; those of files as streams.
 */
import type { IncomingMessage } from "node:http";
import type { MiddlewareHandler } from "hono";
import { concatBytes, utf8Decode } from "../core/bytes.ts";
import { UsageError } from "../core/errors.ts";
import { API_LIMITS, UPLOAD_LIMITS } from "../core/limits.ts";
import { abortable } from "../files/abortable.ts";
import type { ApiEnvironment } from "./environment.ts";

/** The pieces of an upload that is made in several calls. */
const UPLOAD_PIECE = /^\/api\/uploads\//;

/** Hands the text of every body to the routes; those of files are left to be streamed. Throws UsageError `body_too_large`. */
export const boundedBody: MiddlewareHandler<ApiEnvironment> = async (c, next) => {
  const { method, path } = c.req;
  const isStreamed = method === "PUT" || (method === "PATCH" && UPLOAD_PIECE.test(path));
  if (method !== "GET" && method !== "HEAD" && !isStreamed) {
    const bytes = await readBounded(c.env.incoming, API_LIMITS.bodyBytes);
    // The rest of it is not read, so nothing can follow on this connection.
    if (bytes === null) c.header("connection", "close");
    if (bytes === null) throw new UsageError("body_too_large", "The request body is too large.");
    // Hono keeps a promise here, though its type says otherwise.
    Object.assign(c.req.bodyCache, { text: Promise.resolve(utf8Decode(bytes)) });
  }
  return next();
};

/**
 * Lets `use` read the body of a file. If it fails before the end, what still comes is read and dropped, up to a bound: who
 * is cut off while he sends does not get to read why.
 */
export async function streamedBody<T>(
  incoming: IncomingMessage,
  use: (body: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  try {
    return await use(incoming.iterator({ destroyOnReturn: false }));
  } catch (error) {
    await dropRest(incoming, REFUSED);
    throw error;
  }
}

/** How much of a refused body is read: bytes, and milliseconds in all, so that nobody holds a connection drop by drop. */
export interface DropBounds {
  readonly bytes: number;
  readonly ms: number;
}

/** Of a body from whom it may be nobody knows. */
export const REFUSED: DropBounds = { bytes: UPLOAD_LIMITS.refusedBytes, ms: UPLOAD_LIMITS.refusedMs };

/** Reads and drops what is left of a body. False when that is not all of it: nothing may follow on this connection. */
export async function dropRest(incoming: IncomingMessage, { bytes, ms }: DropBounds): Promise<boolean> {
  const done = new AbortController();
  const enough = setTimeout(() => done.abort(), ms);
  let left = bytes;
  try {
    for await (const piece of abortable(incoming.iterator({ destroyOnReturn: false }), done.signal)) {
      left -= (piece as Buffer).length;
      if (left < 0) return false;
    }
    return true;
  } catch {
    return false; // he is gone, or sends no more: nobody waits for the answer's way to be free
  } finally {
    clearTimeout(enough);
  }
}

/** null when there is more. */
async function readBounded(incoming: IncomingMessage, maxBytes: number): Promise<Uint8Array | null> {
  const pieces: Uint8Array[] = [];
  let left = maxBytes;
  for await (const piece of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    left -= piece.length;
    if (left < 0) return null;
    pieces.push(piece);
  }
  return concatBytes(...pieces);
}
