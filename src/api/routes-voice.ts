/** Voice notes of other people: fetched by this node when the person wants to hear one, never before. */

import { Hono } from "hono";
import { ValidationError } from "../core/errors.ts";
import { fetchLink } from "../files/link-visitor.ts";
import { answersBytes } from "./describe.ts";
import { sendDownload } from "./download.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";

export function voiceRoutes({ services: { messenger, log } }: Api): Routes {
  return new Hono<ApiEnvironment>().post(
    "/messages/:id/files/:file/content",
    answersBytes("A voice note of somebody else, fetched from there"),
    async (c) => {
      const { files, mine } = messenger.message(c.req.param("id"));
      const file = files.find(({ id }) => id === c.req.param("file"));
      if (mine || file?.voiceSeconds === undefined) {
        throw new ValidationError("no_voice_note", "This message holds no voice note of somebody else.");
      }
      const bytes = await fetchLink(file.url, c.req.raw.signal);
      return sendDownload(c, { name: file.name, bytes: bytes.length, open: async () => one(bytes) }, log);
    },
  );
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
