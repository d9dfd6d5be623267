/**
 * Bodies that are held in memory, read from the connection itself and bounded as they come: a
 * `content-length` may lie, or be missing.
 */
import type { IncomingMessage } from "node:http";
import type { MiddlewareHandler } from "hono";
import { concatBytes, utf8Decode } from "../core/bytes.ts";
import { UsageError } from "../core/errors.ts";
import { API_LIMITS } from "../core/limits.ts";
import type { ApiEnvironment } from "./environment.ts";

/** Hands the text of every body to the routes; uploads (PUT) are left to be streamed. Throws UsageError `body_too_large`. */
export const boundedBody: MiddlewareHandler<ApiEnvironment> = async (c, next) => {
  const { method } = c.req;
  if (method !== "GET" && method !== "HEAD" && method !== "PUT") {
    const bytes = await readBounded(c.env.incoming, API_LIMITS.bodyBytes);
    // The rest of it is not read, so nothing can follow on this connection.
    if (bytes === null) c.header("connection", "close");
    if (bytes === null) throw new UsageError("body_too_large", "The request body is too large.");
    // Hono keeps a promise here, though its type says otherwise.
    Object.assign(c.req.bodyCache, { text: Promise.resolve(utf8Decode(bytes)) });
  }
  return next();
};

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
