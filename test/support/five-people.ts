/**
 * Five people: five nodes, and five windows of one browser that share nothing.
 *
 *   const nodes = await startFive(t, ["bob", "cyd"]);
 *   const five = await openFive(browser, nodes, complaints);
 *   await write(five.ada.page, "hello");
 */
import type { TestContext } from "node:test";
import type { Browser, Page } from "playwright-core";
import { type NocturneProcess, startNocturne } from "./nocturne-process.ts";
import { ask, befriend } from "./people.ts";
import { openProfile } from "./web-app.ts";

export interface Person {
  readonly name: string;
  readonly node: NocturneProcess;
  readonly page: Page;
}

export type FiveNodes = Readonly<Record<"ada" | "bob" | "cyd" | "dan" | "eve", NocturneProcess>>;
export type Five = Readonly<Record<keyof FiveNodes, Person>>;

/** All have named themselves; Ada and each of the friends know each other, and nobody else does. */
export async function startFive(
  t: TestContext,
  friends: readonly Exclude<keyof FiveNodes, "ada">[],
): Promise<FiveNodes> {
  const start = () => startNocturne(t);
  const [ada, bob, cyd, dan, eve] = await Promise.all([start(), start(), start(), start(), start()]);
  const nodes = { ada, bob, cyd, dan, eve };
  const settings = entries(nodes).map(([who, node]) => ask(node, "PATCH", "/settings", { displayName: nameOf(who) }));
  await Promise.all(settings);
  await Promise.all(friends.map((who) => befriend(ada, nodes[who], { host: "Ada", guest: nameOf(who) })));
  return nodes;
}

/** Each with the app of one's own node before oneself; whatever scene it begins with. */
export async function openFive(browser: Browser, nodes: FiveNodes, complaints: string[]): Promise<Five> {
  const opened = entries(nodes).map(async ([who, node]) => {
    const page = await openProfile(browser, complaints);
    await page.goto(node.url);
    return [who, { name: nameOf(who), node, page }];
  });
  return Object.fromEntries(await Promise.all(opened)) as Five;
}

/** The pages of all but this one. */
export function othersThan(one: Person, five: Five): Page[] {
  const { ada, bob, cyd, dan, eve } = five;
  return [ada, bob, cyd, dan, eve].filter((person) => person !== one).map(({ page }) => page);
}

function entries(nodes: FiveNodes): [keyof FiveNodes, NocturneProcess][] {
  return Object.entries(nodes) as [keyof FiveNodes, NocturneProcess][];
}

function nameOf(who: string): string {
  return `${who[0]?.toUpperCase()}${who.slice(1)}`;
}
