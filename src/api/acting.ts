/**
 * Who acts: you, or the persona that the request names in a header.
 *
 *     x-nocturne-persona: ID, or its label percent-encoded     absent: yourself
 *
 * What personas cannot do is refused when the header is there: what was meant for a persona is never done as yourself.
 */
import type { Context, MiddlewareHandler } from "hono";
import type { Messenger } from "../messaging/messenger.ts";
import { noFiles, notAsPersona } from "../node/persona-errors.ts";
import type { Services } from "../node/services.ts";
import { unknownPersona } from "../vault/persona-accounts.ts";
import type { ApiEnvironment } from "./environment.ts";

export const PERSONA_HEADER = "x-nocturne-persona";

/** The calls that act for a persona, and those that are the same for all. */
const FOR_PERSONAS =
  /^\/api\/(contacts|couriers|invites|conversations|messages|groups|inbox|search|personas|status)(\/|$)/;
const FILES = /^\/api\/(files|links|mesh|received|uploads)(\/|$)/;
const FILE_OF_MESSAGE = /^\/api\/messages\/[^/]+\/files\//;

/** Throws PolicyError `persona_no_files`, `persona_not_here`. */
export const personaGuard: MiddlewareHandler<ApiEnvironment> = (c, next) => {
  const { path } = c.req;
  if (c.req.header(PERSONA_HEADER) === undefined) return next();
  if (FILES.test(path) || FILE_OF_MESSAGE.test(path)) throw noFiles();
  if (!FOR_PERSONAS.test(path)) throw notAsPersona();
  return next();
};

/** The messenger that a request is for. Throws ValidationError `unknown_persona`. */
export function actingMessenger({ messenger, personas }: Services): (c: Context<ApiEnvironment>) => Messenger {
  return (c) => {
    const who = c.req.header(PERSONA_HEADER);
    return who === undefined ? messenger : personas.messenger(decode(who));
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw unknownPersona();
  }
}
