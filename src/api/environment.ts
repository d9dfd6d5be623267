/** What every route is handed: the request's connection, and the rooms behind the API. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Hono } from "hono";
import type { Services } from "../node/services.ts";
import type { Previews } from "./previews.ts";
import type { Sessions } from "./sessions.ts";
import type { Tickets } from "./tickets.ts";

/** Bindings that the server puts beside each request. */
export type ApiEnvironment = {
  Bindings: {
    readonly incoming: IncomingMessage;
    readonly outgoing: ServerResponse;
    /** True on the Unix socket. */
    readonly trusted: boolean;
  };
};

export type Routes = Hono<ApiEnvironment>;

export interface Api {
  readonly services: Services;
  readonly sessions: Sessions;
  readonly tickets: Tickets;
  readonly previews: Previews;
  /** A one-time URL that opens the app. */
  readonly launchUrl: () => string;
}
