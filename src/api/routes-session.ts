/** Coming in: the one-time launch token for a session, and new launch URLs for whoever is in already. */

import { Hono } from "hono";
import * as v from "valibot";
import type { Launch, Session } from "./contract.ts";
import { answers, takes } from "./describe.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { GuardError } from "./errors.ts";
import { launchSchema, sessionSchema } from "./schemas.ts";

const login = v.object({ token: v.pipe(v.string(), v.maxLength(128)) });

export function sessionRoutes({ sessions, launchUrl }: Api): Routes {
  return new Hono<ApiEnvironment>()
    .post("/session", answers("Trades a launch token for a session", sessionSchema), takes("json", login), (c) => {
      const session = sessions.open(c.req.valid("json").token);
      if (session === null) throw refused();
      return c.json<Session>({ session });
    })
    .post("/launch", answers("Makes a one-time launch URL", launchSchema), (c) => c.json<Launch>({ url: launchUrl() }));
}

function refused(): GuardError {
  return new GuardError(401, "launch_refused", "This launch link was already used or is older than a minute.", {
    hint: "Get a new one: nocturne start",
  });
}
