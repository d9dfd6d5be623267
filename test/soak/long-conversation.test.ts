/**
 * A conversation of ten thousand messages in the web app: how soon the newest is there, how smoothly it scrolls,
 * how little of it is in the page at a time, and that nothing is missing or doubled on the way to the first.
 */
import assert from "node:assert/strict";
import { before, type TestContext, test } from "node:test";
import type { Page } from "playwright-core";
import { launchBrowser } from "../support/browser.ts";
import { fillConversation, textOf } from "../support/long-conversation.ts";
import { type NocturneProcess, startNocturne } from "../support/nocturne-process.ts";
import { befriend } from "../support/people.ts";
import { buildPages, hears, openApp, press, visit } from "../support/web-app.ts";

before(buildPages);

const MESSAGES = 10_000;
/** Elements inside the list of messages, at any time. */
const MOST_ELEMENTS = 400;
/** Far above what is measured on an idle machine: the figures are printed, this only catches a collapse. */
const OPENED_MS = 5_000;
const PIXELS_PER_FRAME = 60;
const SCROLLED_FRAMES = 300;

test("ten thousand messages", async (t) => {
  const world = await openLong(t);
  if (!world) return;
  const { page, grace, complaints } = world;
  await visit(page, "/contacts");
  await hears(page, "Contacts");

  const openedMs = await timeToNewest(page, grace.npub);
  const scroll = await scrollUp(page);
  console.log(
    `newest of ${MESSAGES} after ${openedMs.toFixed(0)} ms; ${scroll.perSecond.toFixed(1)} frames per second, ` +
      `slowest frame ${scroll.slowestMs.toFixed(0)} ms; at most ${scroll.elements} elements`,
  );
  assert.deepEqual(scroll.jumps, [], "nothing jumps when older messages come");
  assert.ok(openedMs < OPENED_MS, `the newest message came after ${openedMs} ms`);
  assert.ok(scroll.elements < MOST_ELEMENTS, `${scroll.elements} elements in the list`);

  await press(page, "Newest");
  await shows(page, MESSAGES);
  const upwards = await readToTheEdge(page, "up");
  assert.deepEqual(gapsOf(upwards.seen), []);
  assert.deepEqual([upwards.seen[0], upwards.seen.at(-1)], [1, MESSAGES], "all of it was seen");
  assert.ok(upwards.elements < MOST_ELEMENTS, `${upwards.elements} elements on the way up`);
  assert.deepEqual(upwards.disorder, []);

  await press(page, "Newest");
  await shows(page, MESSAGES);
  await visit(page, `/chats/${grace.npub}/8000`);
  await shows(page, 8000);
  const downwards = await readToTheEdge(page, "down");
  assert.equal(downwards.seen.at(-1), MESSAGES, "the way down ends at the newest");
  assert.ok((downwards.seen[0] as number) <= 8000);
  assert.deepEqual(gapsOf(downwards.seen), []);
  assert.deepEqual(downwards.disorder, []);
  assert.deepEqual(complaints, []);
});

interface World {
  readonly page: Page;
  readonly grace: NocturneProcess;
  readonly complaints: string[];
}

async function openLong(t: TestContext): Promise<World | null> {
  const browser = await launchBrowser(t);
  if (!browser) return null;
  const complaints: string[] = [];
  const [first, grace] = await Promise.all([startNocturne(t), startNocturne(t)]);
  await befriend(first, grace, { host: "Ada", guest: "Grace" });
  await first.end();
  await fillConversation(first, grace.npub, MESSAGES);
  const ada = await startNocturne(t, { dataDir: first.dataDir, ports: first.ports });
  const page = await openApp(browser, ada, complaints);
  return { page, grace, complaints };
}

/** From the change of the address to the frame in which the newest message is in sight. Nothing was fetched before. */
async function timeToNewest(page: Page, npub: string): Promise<number> {
  return page.evaluate<number>(`new Promise((resolve) => {
    const startedMs = performance.now();
    location.assign("#/chats/${npub}");
    const look = () => {
      const last = [...document.querySelectorAll("section ul > li")].at(-1);
      const seen = last?.textContent.includes("${MESSAGES}. ") && last.checkVisibility({ visibilityProperty: true }) &&
        last.getBoundingClientRect().bottom <= innerHeight;
      if (seen) requestAnimationFrame(() => resolve(performance.now() - startedMs));
      else requestAnimationFrame(look);
    };
    look();
  })`);
}

interface Scroll {
  readonly perSecond: number;
  readonly slowestMs: number;
  readonly elements: number;
  /** Frames after which a message stood elsewhere than the scrolling had put it, with the distance in pixels. */
  readonly jumps: readonly string[];
}

/** As fast as a finger flings: 60 pixels in each frame, older pages being fetched meanwhile. */
async function scrollUp(page: Page): Promise<Scroll> {
  return page.evaluate<Scroll>(`new Promise((resolve) => {
    const list = document.querySelector("section ul").closest("section");
    const tops = () => new Map([...list.querySelectorAll("li")].map((one) => [one.textContent, one.getBoundingClientRect().top]));
    const edge = list.getBoundingClientRect().top;
    const gaps = [];
    const jumps = [];
    let elements = 0;
    let lastMs = performance.now();
    let before = null;
    const step = (nowMs) => {
      gaps.push(nowMs - lastMs);
      lastMs = nowMs;
      elements = Math.max(elements, list.querySelectorAll("*").length);
      const now = tops();
      const offs = [...before ?? []].flatMap(([text, top]) => now.has(text) && top >= edge ? [now.get(text) - top - ${PIXELS_PER_FRAME}] : []);
      // In the first frames the list still holds on to its end.
      if (gaps.length > 5 && offs.some((off) => Math.abs(off) > 2)) jumps.push("frame " + gaps.length + ": " + offs[0]);
      if (gaps.length <= ${SCROLLED_FRAMES}) {
        before = now;
        list.scrollTop -= ${PIXELS_PER_FRAME};
        return requestAnimationFrame(step);
      }
      const frames = gaps.slice(2);
      const total = frames.reduce((sum, gap) => sum + gap, 0);
      resolve({ perSecond: 1000 * frames.length / total, slowestMs: Math.max(...frames), elements, jumps });
    };
    requestAnimationFrame(step);
  })`);
}

interface Reading {
  /** Numbers of all messages that were in the page, ascending. */
  readonly seen: readonly number[];
  /** Neighbours in the page that are no neighbours in the conversation. */
  readonly disorder: readonly string[];
  readonly elements: number;
}

/** Scrolls by less than a screen at a time, waits for the pages, and notes the numbers that the messages begin with. */
async function readToTheEdge(page: Page, way: "up" | "down"): Promise<Reading> {
  return page.evaluate<Reading>(`(async () => {
    const list = document.querySelector("section ul").closest("section");
    const frame = () => new Promise(requestAnimationFrame);
    const rows = () => [...list.querySelectorAll("li")].flatMap((one) => {
      const number = /(\\d+)\\. /.exec(one.querySelector("p[dir=auto]")?.textContent ?? "")?.[1];
      return number ? [{ number: Number(number), top: one.getBoundingClientRect().top }] : [];
    });
    const seen = new Set();
    const disorder = [];
    let elements = 0, still = 0;
    const edge = ${way === "up" ? 1 : MESSAGES};
    while (still < 60) {
      const before = rows().sort((a, b) => a.top - b.top);
      for (const { number } of before) seen.add(number);
      for (let i = 1; i < before.length; i++) {
        if (before[i].number !== before[i - 1].number + 1) disorder.push(before[i - 1].number + " then " + before[i].number);
      }
      elements = Math.max(elements, list.querySelectorAll("*").length);
      const from = list.scrollTop;
      list.scrollTop += ${way === "up" ? -1 : 1} * list.clientHeight * 0.8;
      const moved = Math.abs(list.scrollTop - from);
      await frame();
      await frame();
      still = moved < 1 ? still + 1 : 0;
      if (seen.has(edge) && still > 5) break;
    }
    return { seen: [...seen].sort((a, b) => a - b), disorder, elements };
  })()`);
}

/** "12 then 15" for what is missing between the first and the last. */
function gapsOf(seen: readonly number[]): string[] {
  return seen.flatMap((n, i) => (i === 0 || seen[i - 1] === n - 1 ? [] : [`${seen[i - 1]} then ${n}`]));
}

async function shows(page: Page, n: number): Promise<void> {
  const list = page.getByRole("region", { name: /^Messages with/ });
  await list.getByText(textOf(n), { exact: true }).waitFor();
}
