/**
 * Files of messages: fetched by this node from that of their sender when the person asks for one, never before. A page
 * may talk to this node only.
 */

import { type Context, Hono } from "hono";
import * as v from "valibot";
import { ValidationError } from "../core/errors.ts";
import { RECEIVE_LIMITS } from "../core/limits.ts";
import { type OfferedFile, receivedName } from "../files/receiver.ts";
import type { Message, MessageFile } from "../messaging/views.ts";
import type { Done, DownloadTicket, ReceivedFile } from "./contract.ts";
import { answers, answersBytes, takes } from "./describe.ts";
import { sendDownload } from "./download.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { doneSchema, receivedFileSchema, receivedFilesSchema, ticketSchema } from "./schemas.ts";
import type { Download } from "./tickets.ts";

const save = v.object({ folder: v.exactOptional(v.string()) });

const FILE = "/messages/:id/files/:file";

export function receivedRoutes({ services: { messenger, files, receiver, log }, tickets }: Api): Routes {
  const find = (c: Context<ApiEnvironment>): { message: Message; file: MessageFile } => {
    const message = messenger.message(c.req.param("id") ?? "");
    const file = message.files.find(({ id }) => id === c.req.param("file"));
    if (!file) throw unknownFile();
    // What another device of ours sent lies there, and is fetched as anybody's.
    if (message.mine && files.find(file.id)) throw inLibrary();
    return { message, file };
  };
  const offer = (c: Context<ApiEnvironment>): OfferedFile => {
    const { message, file } = find(c);
    const conversation = messenger.conversations().find(({ id }) => id === message.conversation);
    return { ...file, message: message.id, conversation: conversation?.name ?? "" };
  };
  /** Asked for here, so that what the sender's node refuses shows in the app and not as a failed download; read later. */
  const download = async (c: Context<ApiEnvironment>, signal: AbortSignal): Promise<Download> => {
    const { file } = find(c);
    if (file.voiceSeconds !== undefined && file.bytes > RECEIVE_LIMITS.voiceBytes) throw tooLarge();
    const content = await receiver.open(offer(c), signal);
    return { name: receivedName(file.name), bytes: file.bytes, open: () => content };
  };
  return new Hono<ApiEnvironment>()
    .get("/received", answers("Lists files of messages that are fetched or were saved", receivedFilesSchema), (c) =>
      c.json<ReceivedFile[]>(receiver.list()),
    )
    .post(`${FILE}/save`, answers("Saves a file of a message", receivedFileSchema), takes("json", save), (c) =>
      c.json<ReceivedFile>(receiver.save(offer(c), c.req.valid("json").folder)),
    )
    .delete(`${FILE}/save`, answers("Stops saving a file of a message", doneSchema), (c) => {
      receiver.cancel(c.req.param("id"), c.req.param("file"));
      return c.json<Done>({ ok: true });
    })
    .post(`${FILE}/ticket`, answers("A ticket to save a file of a message to the disk", ticketSchema), async (c) => {
      // Read after this call has ended: the reader of the download, who may go away, ends it.
      const prepared = await download(c, new AbortController().signal);
      return c.json<DownloadTicket>({ ticket: tickets.issue(prepared) });
    })
    .post(`${FILE}/content`, answersBytes("A file of a message, fetched from its sender"), async (c) =>
      sendDownload(c, await download(c, c.req.raw.signal), log),
    );
}

function unknownFile(): ValidationError {
  return new ValidationError("unknown_file", "This message holds no such file.", {
    hint: "Take the id of one that is told with the message.",
  });
}

function inLibrary(): ValidationError {
  return new ValidationError("in_library", "You sent this file yourself: it is in your files.", {
    hint: "Open it there.",
  });
}

function tooLarge(): ValidationError {
  return new ValidationError("file_too_large", "This is too large for a voice note.", {
    hint: "Save it as a file instead.",
  });
}
