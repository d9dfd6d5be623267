/** Conversations and search. `:who` is a contact's name, npub or hex key, or a conversation's id. */

import { Hono } from "hono";
import * as v from "valibot";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import { actingMessenger } from "./acting.ts";
import type { Conversation, Done, MessagePage, SearchHit } from "./contract.ts";
import { answers, takes } from "./describe.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { conversationSchema, conversationsSchema, doneSchema, messagePageSchema, searchHitsSchema } from "./schemas.ts";

const number = v.pipe(v.string(), v.regex(/^\d{1,15}$/), v.transform(Number));
const page = v.object({
  before: v.exactOptional(number),
  after: v.exactOptional(number),
  around: v.exactOptional(number),
  limit: v.exactOptional(number),
});
const read = v.object({ upTo: v.pipe(v.number(), v.integer(), v.minValue(0)) });
const timer = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MESSAGE_LIMITS.timerSeconds));
/** Strict: a misspelled choice must not look as if it had been made. */
const change = v.strictObject({
  mutedUntil: v.exactOptional(v.nullable(v.string())),
  pinned: v.exactOptional(v.boolean()),
  route: v.exactOptional(v.nullable(v.literal("tor"))),
  archived: v.exactOptional(v.boolean()),
  draft: v.exactOptional(v.string()),
  timerSeconds: v.exactOptional(v.nullable(timer)),
});
const search = v.object({
  q: v.string(),
  in: v.exactOptional(v.string()),
  limit: v.exactOptional(number),
});

export function conversationRoutes({ services }: Api): Routes {
  const messengerOf = actingMessenger(services);
  return new Hono<ApiEnvironment>()
    .get("/conversations", answers("Lists conversations, newest first", conversationsSchema), (c) =>
      c.json<Conversation[]>(messengerOf(c).conversations()),
    )
    .patch(
      "/conversations/:who",
      answers("Mutes, pins, archives, keeps a draft, sets the timer, demands a route", conversationSchema),
      takes("json", change),
      (c) => c.json<Conversation>(messengerOf(c).changeConversation(c.req.param("who"), c.req.valid("json"))),
    )
    .get(
      "/conversations/:who/messages",
      answers("A page of a conversation, oldest first", messagePageSchema),
      takes("query", page),
      (c) => c.json<MessagePage>(messengerOf(c).messages(c.req.param("who"), c.req.valid("query"))),
    )
    .post("/conversations/:who/read", answers("Marks as read", doneSchema), takes("json", read), (c) => {
      messengerOf(c).markRead(c.req.param("who"), c.req.valid("json").upTo);
      return c.json<Done>({ ok: true });
    })
    .post("/conversations/:who/typing", answers("Tells that you are typing, if you allow it", doneSchema), (c) => {
      messengerOf(c).noteTyping(c.req.param("who"));
      return c.json<Done>({ ok: true });
    })
    .get("/search", answers("Finds messages by their words", searchHitsSchema), takes("query", search), async (c) =>
      c.json<SearchHit[]>(await messengerOf(c).search(c.req.valid("query"))),
    );
}
