/**
 * Files that come in several calls, so that none of it is lost with a connection, a browser or a node.
 *
 *   POST /uploads {name, bytes, fingerprint, ...} -> {id, offset}
 *   PATCH /uploads/ID, upload-offset: N, raw body -> {id, offset} ... {file}       409: go on at its `upload-offset`
 *   GET /uploads/ID                               -> {id, offset}                  after a break: where to go on
 */
import { Hono } from "hono";
import * as v from "valibot";
import { UploadOffsetError } from "../files/live-upload.ts";
import { streamedBody } from "./body.ts";
import type { Done, UploadView } from "./contract.ts";
import { answers, takes } from "./describe.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { PASSWORD_HEADER, readPassword } from "./password-header.ts";
import { doneSchema, uploadSchema, uploadsSchema } from "./schemas.ts";

const OFFSET_HEADER = "upload-offset";

const create = v.object({
  name: v.string(),
  bytes: v.pipe(v.number(), v.integer(), v.minValue(0)),
  folder: v.exactOptional(v.string()),
  cipher: v.optional(v.picklist(["aes-256-gcm", "noctis-256"]), "aes-256-gcm"),
  taken: v.optional(v.picklist(["version", "rename"]), "rename"),
  storage: v.optional(v.picklist(["local", "mesh"]), "local"),
  fingerprint: v.string(),
});
const at = v.object({ [OFFSET_HEADER]: v.pipe(v.string(), v.regex(/^\d{1,15}$/)) });

export function uploadRoutes({ services: { files } }: Api): Routes {
  const { uploads } = files;
  return new Hono<ApiEnvironment>()
    .get("/uploads", answers("Uploads that have not ended", uploadsSchema), async (c) =>
      c.json<UploadView[]>(await uploads.list()),
    )
    .post(
      "/uploads",
      answers("Begins an upload, or finds it again", uploadSchema),
      takes("json", create),
      async (c) => {
        const password = readPassword(c.req.header(PASSWORD_HEADER));
        const { storage, ...wanted } = c.req.valid("json");
        return c.json<UploadView>(await uploads.begin({ ...wanted, mesh: storage === "mesh", password }));
      },
    )
    .get("/uploads/:id", answers("How far an upload is", uploadSchema), async (c) =>
      c.json<UploadView>(await uploads.view(c.req.param("id"))),
    )
    .patch("/uploads/:id", answers("Takes the next bytes", uploadSchema), takes("header", at), async (c) => {
      const offset = Number(c.req.valid("header")[OFFSET_HEADER]);
      try {
        const taken = streamedBody(c.env.incoming, (body) => uploads.append(c.req.param("id"), offset, body));
        return c.json<UploadView>(await taken);
      } catch (error) {
        if (error instanceof UploadOffsetError) c.header(OFFSET_HEADER, String(error.offset));
        throw error;
      }
    })
    .delete("/uploads/:id", answers("Gives an upload up", doneSchema), async (c) => {
      await uploads.remove(c.req.param("id"));
      return c.json<Done>({ ok: true });
    });
}
