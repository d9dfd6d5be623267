/** Messages: sent, changed, waited for, and the inbox. Conversations are in `routes-conversations.ts`. */

import { Hono } from "hono";
import * as v from "valibot";
import { API_LIMITS, MESSAGE_LIMITS } from "../core/limits.ts";
import type { Messenger } from "../messaging/messenger.ts";
import { actingMessenger } from "./acting.ts";
import type { DeliveryState, Done, Message, SendResult } from "./contract.ts";
import { answers, takes } from "./describe.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { doneSchema, messageSchema, messagesSchema, sendResultSchema } from "./schemas.ts";

const number = v.pipe(v.string(), v.regex(/^\d{1,15}$/), v.transform(Number));
const messageId = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/));
const send = v.object({
  id: v.exactOptional(messageId),
  to: v.string(),
  text: v.string(),
  files: v.exactOptional(v.array(v.string())),
  interop: v.exactOptional(v.boolean()),
  replyTo: v.exactOptional(messageId),
  voiceSeconds: v.exactOptional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MESSAGE_LIMITS.voiceSeconds)),
  ),
});
const edit = v.object({ text: v.string() });
const remove = v.object({ for: v.optional(v.picklist(["all", "me"]), "me") });
const reaction = v.object({ emoji: v.nullable(v.string()) });
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

export function messageRoutes({ services }: Api): Routes {
  const messengerOf = actingMessenger(services);
  return new Hono<ApiEnvironment>()
    .post("/messages", answers("Sends a message", sendResultSchema), takes("json", send), async (c) =>
      c.json<SendResult>(await messengerOf(c).send(c.req.valid("json"))),
    )
    .get("/messages/:id", answers("Tells a message", messageSchema), (c) =>
      c.json<Message>(messengerOf(c).message(c.req.param("id"))),
    )
    .put("/messages/:id", answers("Gives a message of yours another text", messageSchema), takes("json", edit), (c) =>
      c.json<Message>(messengerOf(c).edit(c.req.param("id"), c.req.valid("json").text)),
    )
    .delete(
      "/messages/:id",
      answers("Deletes a message, for you or for all", doneSchema),
      takes("query", remove),
      (c) => {
        messengerOf(c).deleteMessage(c.req.param("id"), c.req.valid("query").for === "all");
        return c.json<Done>({ ok: true });
      },
    )
    .put(
      "/messages/:id/reaction",
      answers("Sets your reaction; null takes it back", messageSchema),
      takes("json", reaction),
      (c) => c.json<Message>(messengerOf(c).react(c.req.param("id"), c.req.valid("json").emoji)),
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
        return c.json<SendResult>({ id, state: await stateWithin(messengerOf(c), id, state, signal) });
      },
    )
    .get("/inbox", answers("Lists received messages, oldest first", messagesSchema), takes("query", inbox), (c) => {
      const messages = messengerOf(c).inbox(c.req.valid("query"));
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
