/** Files as they are shown in the app: previews, and the small pictures of the grid. */

import { Hono } from "hono";
import * as v from "valibot";
import { fromBase64Url, toBase64Url } from "../core/bytes.ts";
import { UsageError, ValidationError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import { typeByName } from "../files/content-type.ts";
import type { Done, PreviewTicket, ThumbnailView } from "./contract.ts";
import { answers, answersBytes, takes } from "./describe.ts";
import { sendStream } from "./download.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { GuardError } from "./errors.ts";
import { SESSION_HEADER } from "./guard.ts";
import { PREVIEW_HEADERS } from "./headers.ts";
import { parseRange } from "./range.ts";
import { doneSchema, previewSchema, thumbnailSchema } from "./schemas.ts";

const open = v.object({ password: v.exactOptional(v.string()), version: v.exactOptional(v.string()) });
const picture = v.object({
  addedAt: v.string(),
  picture: v.pipe(v.string(), v.maxLength(Math.ceil((FILE_LIMITS.thumbnailBytes * 4) / 3))),
});

const DONE: Done = { ok: true };
const SHOWN_PATH = "/files/preview/:ticket"; // PREVIEW_PATH of the guard

export function previewRoutes({ services: { files, log }, previews, sessions }: Api): Routes {
  return new Hono<ApiEnvironment>()
    .post("/files/:id/preview", answers("Opens a file to be shown", previewSchema), takes("json", open), async (c) => {
      const { name } = files.get(c.req.param("id"));
      const type = typeByName(name);
      if (type === null || type.preview === "text") throw notShown();
      const content = await files.reader(c.req.param("id"), c.req.valid("json"));
      const session = c.req.header(SESSION_HEADER) ?? null;
      return c.json<PreviewTicket>({ ticket: previews.open({ type: type.type, content, session }), ...type });
    })
    .get(SHOWN_PATH, answersBytes("The bytes of a preview, for an element of the page"), async (c) => {
      const { type, content, session } = previews.use(c.req.param("ticket"));
      if (!c.env.trusted && !(session !== null && sessions.has(session))) throw noSession();
      const headers = { ...PREVIEW_HEADERS, "content-type": type, "accept-ranges": "bytes" };
      const range = parseRange(c.req.header("range"));
      const { bytes } = content;
      if (range === null || bytes === 0) {
        return sendStream(c, content.read(null), 200, { ...headers, "content-length": String(bytes) }, log);
      }
      const [start, end] = [range.start, Math.min(range.end ?? bytes, bytes)];
      const part = { "content-range": `bytes ${start}-${end - 1}/${bytes}`, "content-length": String(end - start) };
      return sendStream(c, content.read({ start, end }), 206, { ...headers, ...part }, log);
    })
    .delete(SHOWN_PATH, answers("Ends a preview", doneSchema), (c) => {
      previews.close(c.req.param("ticket"));
      return c.json<Done>(DONE);
    })
    .get("/files/:id/thumbnail", answers("A file's small picture", thumbnailSchema), (c) => {
      const kept = files.thumbnail(c.req.param("id"));
      return c.json<ThumbnailView>({ picture: kept && { type: kept.type, bytes: toBase64Url(kept.bytes) } });
    })
    .post("/files/:id/thumbnail", answers("Keeps a small picture", doneSchema), takes("json", picture), (c) => {
      const { addedAt, picture: text } = c.req.valid("json");
      files.addThumbnail(c.req.param("id"), addedAt, decode(text));
      return c.json<Done>(DONE);
    });
}

function decode(text: string): Uint8Array {
  try {
    return fromBase64Url(text);
  } catch {
    throw new UsageError("bad_request", 'The field "picture" is not base64url.');
  }
}

function noSession(): GuardError {
  return new GuardError(401, "no_session", "The page that opened this preview is not signed in any more.");
}

function notShown(): ValidationError {
  return new ValidationError("no_preview", "A file of this type is not shown as a page or a picture.", {
    hint: "Read its content as text, or save it.",
  });
}
