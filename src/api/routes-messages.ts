/** Conversations and messages. `:who` is a contact's name, npub or hex key. */

import { Hono } from "hono";
import * as v from "valibot";
import { API_LIMITS } from "../core/limits.ts";
import type { Messenger } from "../messaging/messenger.ts";
import type { Conversation, DeliveryState, Done, Message, MessagePage, SendResult } from "./contract.ts";
import { answers, takes } from "./describe.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { conversationsSchema, doneSchema, messagePageSchema, messagesSchema, sendResultSchema } from "./schemas.ts";

const number = v.pipe(v.string(), v.regex(/^\d{1,15}$/), v.transform(Number));
const page = v.object({ before: v.exactOptional(number), limit: v.exactOptional(number) });
const read = v.object({ upTo: v.pipe(v.number(), v.integer(), v.minValue(0)) });
const send = v.object({
  id: v.exactOptional(v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/))),
  to: v.string(),
  text: v.string(),
  files: v.exactOptional(v.array(v.string())),
  interop: v.exactOptional(v.boolean()),
});
const wait = v.object({
  state: v.picklist(["queued", "sent", "delivered", "read"]),
  timeoutS: v.exactOptional(number),
});
const inbox = v.object({
  with: v.exactOptional(v.string()),
  since: v.exactOptional(v.string()),
  after: v.exactOptional(number),
  limit: v.exactOptional(number),
});

const NDJSON = "application/x-ndjson";

export function messageRoutes({ services: { messenger } }: Api): Routes {
  return new Hono<ApiEnvironment>()
    .get("/conversations", answers("Lists conversations, newest first", conversationsSchema), (c) =>
      c.json<Conversation[]>(messenger.conversations()),
    )
    .get(
      "/conversations/:who/messages",
      answers("A page of a conversation, oldest first", messagePageSchema),
      takes("query", page),
      (c) => c.json<MessagePage>(messenger.messages(c.req.param("who"), c.req.valid("query"))),
    )
    .post("/conversations/:who/read", answers("Marks as read", doneSchema), takes("json", read), (c) => {
      messenger.markRead(c.req.param("who"), c.req.valid("json").upTo);
      return c.json<Done>({ ok: true });
    })
    .post("/messages", answers("Sends a message", sendResultSchema), takes("json", send), async (c) =>
      c.json<SendResult>(await messenger.send(c.req.valid("json"))),
    )
    .get(
      "/messages/:id/wait",
      answers("Waits until a message got so far, and tells how far it got", sendResultSchema),
      takes("query", wait),
      async (c) => {
        const id = c.req.param("id");
        const { state, timeoutS } = c.req.valid("query");
        const timeoutMs = Math.min((timeoutS ?? Number.POSITIVE_INFINITY) * 1000, API_LIMITS.waitMs);
        const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), c.req.raw.signal]);
        return c.json<SendResult>({ id, state: await stateWithin(messenger, id, state, signal) });
      },
    )
    .get("/inbox", answers("Lists received messages, oldest first", messagesSchema), takes("query", inbox), (c) => {
      const messages = messenger.inbox(c.req.valid("query"));
      if (!c.req.header("accept")?.includes(NDJSON)) return c.json<Message[]>(messages);
      return c.body(messages.map((message) => `${JSON.stringify(message)}\n`).join(""), 200, {
        "content-type": NDJSON,
      });
    });
}

/** The wanted state, or the one that was reached when the signal ends the wait: every message is at least queued. */
async function stateWithin(
  messenger: Messenger,
  id: string,
  state: DeliveryState,
  signal: AbortSignal,
): Promise<DeliveryState> {
  try {
    return await messenger.waitFor(id, state, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    return messenger.waitFor(id, "queued", new AbortController().signal);
  }
}
