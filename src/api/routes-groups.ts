/**
 * Groups: who belongs to one and who may change that. What is said in it goes by `routes-messages.ts`.
 * `:id` is the group's id, `:npub` a member, or somebody who was invited or applied.
 */

import { Hono } from "hono";
import * as v from "valibot";
import { GROUP_LIMITS } from "../core/limits.ts";
import { actingMessenger } from "./acting.ts";
import type { Done, Group } from "./contract.ts";
import { answers, takes } from "./describe.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { doneSchema, groupSchema } from "./schemas.ts";

const people = v.pipe(v.array(v.string()), v.maxLength(GROUP_LIMITS.invitedAtOnce));
const create = v.object({ name: v.string(), members: people });
const join = v.object({ link: v.string() });
const rename = v.object({ name: v.string() });
const invite = v.object({ who: v.pipe(people, v.minLength(1)) });
const admin = v.object({ admin: v.boolean() });

/** The group itself: made, told, named, left, and the link to it. */
export function groupRoutes({ services }: Api): Routes {
  const messengerOf = actingMessenger(services);
  return new Hono<ApiEnvironment>()
    .post("/groups", answers("Makes a group and invites contacts", groupSchema), takes("json", create), async (c) =>
      c.json<Group>(await messengerOf(c).createGroup(c.req.valid("json"))),
    )
    .post(
      "/groups/join",
      answers("Asks to join by a link; an admin says yes", doneSchema),
      takes("json", join),
      async (c) => {
        await messengerOf(c).joinGroup(c.req.valid("json").link.trim());
        return c.json<Done>({ ok: true });
      },
    )
    .get("/groups/:id", answers("Tells a group and its members", groupSchema), (c) =>
      c.json<Group>(messengerOf(c).group(c.req.param("id"))),
    )
    .patch("/groups/:id", answers("Renames a group, for all", groupSchema), takes("json", rename), async (c) =>
      c.json<Group>(await messengerOf(c).renameGroup(c.req.param("id"), c.req.valid("json").name)),
    )
    .post("/groups/:id/leave", answers("Leaves a group; what was said stays here", groupSchema), async (c) =>
      c.json<Group>(await messengerOf(c).leaveGroup(c.req.param("id"))),
    )
    .post("/groups/:id/link", answers("Makes a join link; an older one stops working", groupSchema), async (c) =>
      c.json<Group>(await messengerOf(c).createGroupLink(c.req.param("id"))),
    )
    .delete("/groups/:id/link", answers("Ends the join link", groupSchema), async (c) =>
      c.json<Group>(await messengerOf(c).removeGroupLink(c.req.param("id"))),
    );
}

/** Who is in it. */
export function groupMemberRoutes({ services }: Api): Routes {
  const messengerOf = actingMessenger(services);
  return new Hono<ApiEnvironment>()
    .post(
      "/groups/:id/members",
      answers("Invites contacts into a group", groupSchema),
      takes("json", invite),
      async (c) => c.json<Group>(await messengerOf(c).inviteToGroup(c.req.param("id"), c.req.valid("json").who)),
    )
    .delete(
      "/groups/:id/members/:npub",
      answers("Removes a member, or takes an invitation or application back", groupSchema),
      async (c) => c.json<Group>(await messengerOf(c).removeFromGroup(c.req.param("id"), c.req.param("npub"))),
    )
    .post(
      "/groups/:id/members/:npub/approve",
      answers("Lets somebody in who came by the link", groupSchema),
      async (c) => c.json<Group>(await messengerOf(c).approveMember(c.req.param("id"), c.req.param("npub"))),
    )
    .put(
      "/groups/:id/members/:npub/admin",
      answers("Makes a member an admin, or no longer", groupSchema),
      takes("json", admin),
      async (c) => {
        const { id, npub } = c.req.param();
        return c.json<Group>(await messengerOf(c).setGroupAdmin(id, npub, c.req.valid("json").admin));
      },
    );
}
