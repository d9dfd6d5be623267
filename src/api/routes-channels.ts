/** Channels: one person posts, whoever has the link reads. `:id` is the channel's id, `:n` a post's number. */

import { Hono } from "hono";
import * as v from "valibot";
import type { Channel, ChannelLink, ChannelPage, ChannelPost, Done } from "./contract.ts";
import { answers, takes } from "./describe.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import {
  channelLinkSchema,
  channelPageSchema,
  channelPostSchema,
  channelSchema,
  channelsSchema,
  doneSchema,
} from "./schemas.ts";

const number = v.pipe(v.string(), v.regex(/^\d{1,15}$/), v.transform(Number));
const create = v.object({ name: v.string(), description: v.exactOptional(v.string()) });
const join = v.object({ link: v.string() });
const page = v.object({ before: v.exactOptional(number), limit: v.exactOptional(number) });
const post = v.object({
  text: v.string(),
  files: v.exactOptional(v.array(v.string())),
  replyTo: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1))),
});
const edit = v.object({ text: v.string() });
const postPath = v.object({ id: v.string(), n: number });

/** What is joined, created, left and handed on. */
export function channelRoutes({ services: { channels } }: Api): Routes {
  return new Hono<ApiEnvironment>()
    .get("/channels", answers("Lists channels", channelsSchema), (c) => c.json<Channel[]>(channels.open.list()))
    .post("/channels", answers("Makes a channel of yours", channelSchema), takes("json", create), (c) =>
      c.json<Channel>(channels.open.create(c.req.valid("json"))),
    )
    .post("/channels/join", answers("Reads a channel from its link", channelSchema), takes("json", join), (c) =>
      c.json<Channel>(channels.open.join(c.req.valid("json").link.trim())),
    )
    .get("/channels/:id", answers("Tells one channel", channelSchema), (c) =>
      c.json<Channel>(channels.open.get(c.req.param("id"))),
    )
    .delete("/channels/:id", answers("Leaves a channel and forgets its posts", doneSchema), (c) => {
      channels.open.leave(c.req.param("id"));
      return c.json<Done>({ ok: true });
    })
    .get("/channels/:id/link", answers("The link that lets read", channelLinkSchema), (c) =>
      c.json<ChannelLink>({ link: channels.open.link(c.req.param("id")) }),
    )
    .post(
      "/channels/:id/fresh-start",
      answers("Goes on under a new link; all readers are shed", channelLinkSchema),
      (c) => c.json<ChannelLink>({ link: channels.open.freshStart(c.req.param("id")) }),
    );
}

/** What stands in a channel. */
export function channelPostRoutes({ services: { channels } }: Api): Routes {
  return new Hono<ApiEnvironment>()
    .get(
      "/channels/:id/posts",
      answers("A page of posts and gaps, lowest number first", channelPageSchema),
      takes("query", page),
      (c) => c.json<ChannelPage>(channels.open.posts(c.req.param("id"), c.req.valid("query"))),
    )
    .post(
      "/channels/:id/posts",
      answers("Posts in a channel of yours", channelPostSchema),
      takes("json", post),
      async (c) => c.json<ChannelPost>(await channels.post(c.req.param("id"), c.req.valid("json"))),
    )
    .put(
      "/channels/:id/posts/:n",
      answers("Gives a post of yours another text", channelPostSchema),
      takes("param", postPath),
      takes("json", edit),
      (c) => {
        const { id, n } = c.req.valid("param");
        return c.json<ChannelPost>(channels.open.editPost(id, n, c.req.valid("json").text));
      },
    )
    .delete(
      "/channels/:id/posts/:n",
      answers("Takes a post of yours back", channelPostSchema),
      takes("param", postPath),
      (c) => {
        const { id, n } = c.req.valid("param");
        return c.json<ChannelPost>(channels.deletePost(id, n));
      },
    );
}
