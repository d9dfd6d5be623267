/**
 * `fetch` over the routes: the same calls as everywhere, and no other way out.
 *
 *   routeFetch(routes, label) -> undici -> Routes.dialUrl(url, label) -> stream
 *
 * Names are resolved by the route, no proxy of the environment is used, and nothing is kept from one label to another.
 */
import { Agent, type buildConnector, fetch, type RequestInit as UndiciInit } from "undici";
import type { Fetch } from "../core/fetch.ts";
import { DIAL_LIMITS } from "../core/route-limits.ts";
import type { Routes } from "./routes.ts";

/**
 * Calls under one label, which may be told to come from one place; `hidden` as for `Routes.dial`. Throws what `fetch` throws; the cause
 * is the route's error.
 */
export function routeFetch(routes: Routes, isolation: string, hidden = false): Fetch {
  const dial = async (url: URL, signal: AbortSignal, done: buildConnector.Callback): Promise<void> => {
    try {
      done(null, await routes.dialUrl(url, { isolation, signal, hidden }));
    } catch (error) {
      done(error as Error, null);
    }
  };
  const agent = new Agent({
    connect: ({ protocol, hostname, port }, callback) => {
      const url = new URL(`${protocol}//${hostname}${port ? `:${port}` : ""}`);
      const signal = AbortSignal.timeout(DIAL_LIMITS.anonymousMs);
      void dial(url, signal, callback);
    },
  });
  // The types of Node's own `fetch` are an older edition of the same ones.
  return async (url, init) => {
    const answer: unknown = await fetch(url, { ...(init as unknown as UndiciInit), dispatcher: agent });
    return answer as Response;
  };
}
