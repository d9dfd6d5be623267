/** The people you know. `:who` is a name, npub or hex key. */

import { Hono } from "hono";
import * as v from "valibot";
import { actingMessenger } from "./acting.ts";
import type { Contact, Done, Invite, VerifyResult } from "./contract.ts";
import { answers, takes } from "./describe.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { contactSchema, contactsSchema, doneSchema, inviteSchema, verifySchema } from "./schemas.ts";

const add = v.object({ invite: v.string(), name: v.exactOptional(v.string()) });
const rename = v.object({ name: v.string() });
const verify = v.object({ safety: v.exactOptional(v.string()) });

export function contactRoutes({ services }: Api): Routes {
  const messengerOf = actingMessenger(services);
  return new Hono<ApiEnvironment>()
    .post("/invites", answers("Makes an invite link", inviteSchema), async (c) =>
      c.json<Invite>(await messengerOf(c).createInvite()),
    )
    .get("/contacts", answers("Lists contacts", contactsSchema), (c) => c.json<Contact[]>(messengerOf(c).contacts()))
    .post("/contacts", answers("Adds a contact by invite, npub or hex", contactSchema), takes("json", add), async (c) =>
      c.json<Contact>(await messengerOf(c).addContact(c.req.valid("json"))),
    )
    .patch("/contacts/:who", answers("Renames a contact", contactSchema), takes("json", rename), (c) =>
      c.json<Contact>(messengerOf(c).rename(c.req.param("who"), c.req.valid("json").name)),
    )
    .delete("/contacts/:who", answers("Forgets a contact and the conversation", doneSchema), (c) => {
      messengerOf(c).removeContact(c.req.param("who"));
      return c.json<Done>({ ok: true });
    })
    .post("/contacts/:who/accept", answers("Accepts a request or a changed card", contactSchema), (c) =>
      c.json<Contact>(messengerOf(c).accept(c.req.param("who"))),
    )
    .post("/contacts/:who/block", answers("Blocks a contact", contactSchema), (c) =>
      c.json<Contact>(messengerOf(c).block(c.req.param("who"))),
    )
    .post(
      "/contacts/:who/verify",
      answers("Tells the safety number, or compares one", verifySchema),
      takes("json", verify),
      (c) => c.json<VerifyResult>(messengerOf(c).verify(c.req.param("who"), c.req.valid("json").safety)),
    );
}
