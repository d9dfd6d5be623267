/** Your files. Bodies are streamed both ways and never gathered: memory stays small for any size. */

import { Hono } from "hono";
import * as v from "valibot";
import { parseRecoveryKey } from "../crypto/recovery-key.ts";
import type { OpenFile } from "../files/library.ts";
import type { DownloadTicket, Done, FileView, RecoveredPassword } from "./contract.ts";
import { streamedBody } from "./body.ts";
import { answers, answersBytes, takes } from "./describe.ts";
import { sendDownload, sendStream } from "./download.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { DOWNLOAD_PATH } from "./guard.ts";
import { PASSWORD_HEADER, readPassword } from "./password-header.ts";
import { parseRange } from "./range.ts";
import { doneSchema, fileSchema, filesSchema, recoveredSchema, ticketSchema } from "./schemas.ts";
import type { Download } from "./tickets.ts";

const put = v.object({
  name: v.string(),
  cipher: v.optional(v.picklist(["aes-256-gcm", "noctis-256"]), "aes-256-gcm"),
  folder: v.exactOptional(v.string()),
  /** Where the name is taken: a file beside it, or a new version of that one. */
  taken: v.optional(v.picklist(["version", "rename"]), "rename"),
  storage: v.optional(v.picklist(["local", "mesh"]), "local"),
});
const open = v.object({ password: v.exactOptional(v.string()), version: v.exactOptional(v.string()) });
const recover = v.object({ recoveryKey: v.exactOptional(v.pipe(v.string(), v.maxLength(1024))) });
const change = v.object({ next: v.string(), current: v.string() });

export function fileRoutes({ services: { files, log }, tickets }: Api): Routes {
  const bytesOf = (id: string, version: string | undefined): number =>
    version === undefined ? files.get(id).bytes : files.versions.row(id, version).bytes;
  /** Opened here, so that a wrong password shows in the app and not as a failed download; read later. */
  const prepare = async (id: string, options: OpenFile): Promise<Download> => {
    const { name } = files.get(id);
    const content = await files.open(id, options);
    return { name, bytes: bytesOf(id, options.version), open: () => content };
  };
  return new Hono<ApiEnvironment>()
    .get("/files", answers("Lists files", filesSchema), (c) => c.json<FileView[]>(files.list()))
    .put("/files", answers("Seals the raw body as a file", fileSchema), takes("query", put), async (c) => {
      const password = readPassword(c.req.header(PASSWORD_HEADER));
      const { storage, ...place } = c.req.valid("query");
      const options = { ...place, mesh: storage === "mesh", ...(password === undefined ? {} : { password }) };
      return c.json<FileView>(await streamedBody(c.env.incoming, (body) => files.put(body, options)));
    })
    .get("/files/:id", answers("Tells of a file", fileSchema), (c) => c.json<FileView>(files.get(c.req.param("id"))))
    .post("/files/:id/ticket", answers("A ticket to save a file", ticketSchema), takes("json", open), async (c) => {
      const download = await prepare(c.req.param("id"), c.req.valid("json"));
      return c.json<DownloadTicket>({ ticket: tickets.issue(download) });
    })
    .post("/files/:id/content", answersBytes("The content of a file"), takes("json", open), async (c) => {
      const id = c.req.param("id");
      const options = c.req.valid("json");
      const etag = `"${files.contentTag(id, options.version)}"`;
      c.header("etag", etag);
      c.header("accept-ranges", "bytes");
      const isSame = [undefined, etag].includes(c.req.header("if-range"));
      const range = isSame ? parseRange(c.req.header("range")) : null;
      if (range === null) return sendDownload(c, await prepare(id, options), log);
      const total = bytesOf(id, options.version);
      const [start, end] = [range.start, Math.min(range.end ?? total, total)];
      const part = await files.open(id, { ...options, range: { start, end } });
      const headers = { "content-range": `bytes ${start}-${end - 1}/${total}`, "content-length": String(end - start) };
      return sendStream(c, part, 206, headers, log);
    })
    .post(
      DOWNLOAD_PATH.slice("/api".length),
      answersBytes("Saves what a ticket (form field) stands for"),
      async (c) => {
        const ticket = new URLSearchParams(await c.req.text()).get("ticket") ?? "";
        return sendDownload(c, tickets.redeem(ticket), log);
      },
    )
    .post("/files/:id/recover", answers("Tells a forgotten password", recoveredSchema), takes("json", recover), (c) => {
      const { recoveryKey } = c.req.valid("json");
      const key = recoveryKey === undefined ? undefined : parseRecoveryKey(recoveryKey);
      return c.json<RecoveredPassword>({ password: files.recoverPassword(c.req.param("id"), key) });
    })
    .post("/files/:id/password", answers("Changes a file's password", doneSchema), takes("json", change), async (c) => {
      const { next, current } = c.req.valid("json");
      await files.changePassword(c.req.param("id"), next, current);
      return c.json<Done>({ ok: true });
    });
}
