/**
 * `nocturne route watch`: a line for each change of a route, and for whatever happened to one.
 *
 *   view, view, ... -> what is new since the one before -> {"event":"state", ...} | {"event":"happened", ...}
 *
 * Views are asked for again and again in place of listening: a node that restarts in between loses the reader nothing.
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { NetworkView, RouteEvent, RouteView } from "../../api/contract.ts";
import type { Context } from "../context.ts";
import { plainLine } from "../plain-text.ts";
import { describeProblem, describeRoute, routeName } from "../route-words.ts";
import { untilBack } from "../running-node.ts";

const POLL_MS = 500;

export type RouteNews =
  | ({ readonly event: "state" } & Pick<RouteView, "name" | "state" | "progress" | "doing" | "problem">)
  | ({ readonly event: "happened" } & RouteEvent);

/** Ends by a signal only. */
export async function watchRoutes(context: Context): Promise<never> {
  const client = context.node();
  let before: NetworkView | null = null;
  for (;;) {
    const view: NetworkView = await untilBack(() => client.call<NetworkView>("GET", "/api/network"), before !== null);
    for (const news of newsOf(before, view)) context.output.result(news, describe(view, news));
    before = view;
    await sleep(POLL_MS);
  }
}

/** What `after` tells that `before` did not: of the first view every state, and nothing of the past. */
export function newsOf(before: NetworkView | null, after: NetworkView): RouteNews[] {
  const states = after.routes.map(stateOf).filter((state) => {
    const old = before?.routes.find(({ name }) => name === state.name);
    return old === undefined || JSON.stringify(stateOf(old)) !== JSON.stringify(state);
  });
  const happened = before === null ? [] : newEvents(before.events, after.events);
  return [...happened.map((event) => ({ event: "happened" as const, ...event })), ...states];
}

/** Events have no numbers: those after the newest one known are new; all are where that has been pushed out or forgotten. */
function newEvents(before: readonly RouteEvent[], after: readonly RouteEvent[]): readonly RouteEvent[] {
  const newest = before.at(-1);
  const known = after.findLastIndex(
    ({ at, route, text }) => at === newest?.at && route === newest.route && text === newest.text,
  );
  return after.slice(known + 1);
}

function stateOf({ name, state, progress, doing, problem }: RouteView): Extract<RouteNews, { event: "state" }> {
  return { event: "state", name, state, progress, doing, problem };
}

function describe(view: NetworkView, news: RouteNews): string {
  if (news.event === "happened") return `${news.at}  ${routeName(news.route)}: ${plainLine(news.text)}`;
  const route = view.routes.find(({ name }) => name === news.name) as RouteView;
  return describeProblem(route) ?? describeRoute(route);
}
