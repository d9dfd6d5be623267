/** The app's pages: a file of the build, or else its index, because the app routes by itself. */

import { Hono } from "hono";
import type { ApiEnvironment, Routes } from "./environment.ts";
import { type StaticFolder, sendFile } from "./static.ts";

export function pageRoutes(pages: StaticFolder): Routes {
  return new Hono<ApiEnvironment>().get("*", (c) => {
    const name = c.req.path.slice(1);
    return sendFile(c, pages, /\.[a-z0-9]+$/i.test(name) ? name : "index.html");
  });
}
