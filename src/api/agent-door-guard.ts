/**
 * Who may talk to the agent: programs of its user, which can read its token. It listens on this machine only, yet every web page that the
 * person visits can send requests to this machine, and so can every program of every user of it:
 *
 *     wrong Host     421   DNS rebinding: evil.test resolves to 127.0.0.1
 *     any page       403   no page has business here; the app's own asks its own server
 *     no token       401   another user of this machine
 */
import type { IncomingMessage } from "node:http";
import type { MiddlewareHandler } from "hono";
import { equalBytes, utf8Encode } from "../core/bytes.ts";
import { sha256 } from "../crypto/key-derivation.ts";
import type { ApiEnvironment } from "./environment.ts";
import { GuardError } from "./errors.ts";
import { API_HEADERS } from "./headers.ts";

/** Throws GuardError 421 `wrong_host`, 403 `foreign_page`, 401 `wrong_token`. Nothing but the headers was read by then. */
function judgeProgram({ headers }: Pick<IncomingMessage, "headers">, port: number, token: string): void {
  const hosts = ["127.0.0.1", "localhost"].map((name) => `${name}:${port}`);
  if (!hosts.includes(headers.host?.toLowerCase() ?? "")) {
    throw new GuardError(421, "wrong_host", "This address does not belong to the agent.");
  }
  if (headers.origin !== undefined || headers["sec-fetch-site"] !== undefined) {
    throw new GuardError(403, "foreign_page", "No web page may use the agent.");
  }
  if (!isToken(headers.authorization ?? "", token)) {
    throw new GuardError(401, "wrong_token", "The token is missing or wrong.", {
      hint: "It is in the data directory, in agent/token, and is another one after each start.",
    });
  }
}

/** Digests are compared: time tells nothing of the token. */
function isToken(authorization: string, token: string): boolean {
  const [, shown = ""] = /^bearer +(\S+)$/i.exec(authorization) ?? [];
  return equalBytes(sha256(utf8Encode(shown)), sha256(utf8Encode(token)));
}

/** Judges every request, and puts the protecting headers on every answer. */
export function agentGuard(port: () => number, token: string): MiddlewareHandler<ApiEnvironment> {
  return async (c, next) => {
    for (const [name, value] of Object.entries(API_HEADERS)) c.header(name, value);
    judgeProgram(c.env.incoming, port(), token);
    return next();
  };
}
