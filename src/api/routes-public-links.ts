/**
 * The public side of share links, under /s/: no session, no vault, no key. What is served here is
 * sealed; only the link's fragment, which never reaches the node, opens it.
 *
 *     GET  /s/:slug            the download page          GET  /s/sw.js, /s/assets/*   its parts
 *     GET  /s/:slug/info       LinkInfo                   POST /s/:slug/claim {proof}  LinkClaim
 *     GET  /s/:slug/content    sealed bytes, by `x-nocturne-lease` and `Range`
 *
 * How often these may be called is bounded for each link and each address (`visitor-limits.ts`). Neither slug nor
 * address is ever logged.
 */
import { type Context, Hono } from "hono";
import * as v from "valibot";
import { fromBase64Url } from "../core/bytes.ts";
import { NocturneError, UsageError } from "../core/errors.ts";
import { type Visitor, type VisitorKind, VisitorLimits } from "../files/visitor-limits.ts";
import type { Services } from "../node/services.ts";
import type { LinkClaim, LinkInfo } from "./contract.ts";
import { answers, answersBytes, takes } from "./describe.ts";
import { sendStream } from "./download.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { parseRange } from "./range.ts";
import { linkClaimSchema, linkInfoSchema } from "./schemas.ts";
import { type StaticFolder, sendFile } from "./static.ts";

const LEASE_HEADER = "x-nocturne-lease";

const claim = v.object({ proof: v.pipe(v.string(), v.maxLength(128)) });

export function publicLinkRoutes(
  { services }: Api,
  pages: StaticFolder,
  kind: VisitorKind = { shared: false },
): Routes {
  const { links } = services;
  const visitors = new VisitorLimits(services.clock, kind);
  return (
    new Hono<ApiEnvironment>()
      // It lies below its scope's root by name only, so the scope is allowed expressly.
      .get("/sw.js", (c) => sendFile(c, pages, "sw.js", { "service-worker-allowed": "/s/" }))
      .get("/assets/:name", (c) => sendFile(c, pages, `assets/${c.req.param("name")}`))
      .get("/:slug", (c) => sendFile(c, pages, "index.html"))
      .get("/:slug/info", answers("Tells how a link stands", linkInfoSchema), (c) => {
        const visitor = visitorOf(c);
        visitors.call(visitor);
        const info = links.info(visitor.slug);
        if (info.state === "unknown") visitors.failed(visitor);
        return c.json<LinkInfo>(info);
      })
      .post("/:slug/claim", answers("Takes one use of a link", linkClaimSchema), takes("json", claim), (c) => {
        const visitor = visitorOf(c);
        visitors.call(visitor);
        try {
          return c.json<LinkClaim>(links.claim(visitor.slug, fromBase64Url(c.req.valid("json").proof)));
        } catch (error) {
          if (isGuess(error)) visitors.failed(visitor);
          throw error;
        }
      })
      .get("/:slug/content", answersBytes("The sealed content, or a range of it"), async (c) => {
        const lease = c.req.header(LEASE_HEADER);
        if (lease === undefined) throw new UsageError("bad_request", `The header ${LEASE_HEADER} is missing.`);
        const visitor = visitorOf(c);
        visitors.call(visitor);
        const ended = visitors.begin(visitor);
        try {
          return await sendContent(c, services, lease);
        } finally {
          ended();
        }
      })
      .all("/*", (c) => c.text("There is no such page.", 404))
  );
}

/** Requests over the Unix socket have no address. */
function visitorOf(c: Context<ApiEnvironment>): Visitor {
  return { address: c.env.incoming.socket.remoteAddress ?? "", slug: c.req.param("slug") ?? "" };
}

function isGuess(error: unknown): boolean {
  return error instanceof NocturneError && ["link_wrong_proof", "unknown_link"].includes(error.code);
}

async function sendContent(c: Context<ApiEnvironment>, { links, log }: Services, lease: string): Promise<Response> {
  const range = parseRange(c.req.header("range"));
  const { stream, start, end, total } = await links.content(c.req.param("slug") ?? "", lease, range);
  const length = { "content-length": String(end - start), "accept-ranges": "bytes" };
  if (range === null) return sendStream(c, stream, 200, length, log);
  return sendStream(c, stream, 206, { ...length, "content-range": `bytes ${start}-${end - 1}/${total}` }, log);
}
