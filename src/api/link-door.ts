/**
 * The public side of share links alone, for visitors who come from elsewhere by an onion service: the download page and
 * its calls under /s/, and nothing of the app.
 *
 *   onion service -> 127.0.0.1:<any port> -> /s/...      every other path: there is no such page
 */
import { Hono } from "hono";
import { boundedBody } from "./body.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { answerError } from "./errors.ts";
import { API_HEADERS, DOWNLOAD_PAGE_HEADERS } from "./headers.ts";
import { publicLinkRoutes } from "./routes-public-links.ts";
import type { StaticFolder } from "./static.ts";

export function createLinkApp(api: Api, pages: StaticFolder): Routes {
  const app = new Hono<ApiEnvironment>();
  app.onError((error, c) => answerError(error, c, api.services.log));
  app.use(async (c, next) => {
    const headers = isLinkCall(c.req.path) ? API_HEADERS : DOWNLOAD_PAGE_HEADERS;
    for (const [name, value] of Object.entries(headers)) c.header(name, value);
    return next();
  });
  app.use(boundedBody);
  app.route("/s", publicLinkRoutes(api, pages, { shared: true }));
  app.all("*", (c) => c.text("There is no such page.", 404));
  return app;
}

/** What the download page asks for: `/s/<slug>/info` and the like, but not its own assets. */
export function isLinkCall(path: string): boolean {
  return /^\/s\/[^/]+\/./.test(path) && !path.startsWith("/s/assets/");
}
