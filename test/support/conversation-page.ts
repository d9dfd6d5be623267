/**
 * One person's page on a conversation, by what can be seen and clicked: the messages and their menus, the composer,
 * voice notes. The page shows the conversation, beside the list of all of them.
 */
import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { press } from "./web-app.ts";

const POLL_MS = 50;
const STEP_MS = 20_000;

/** Arguments for the browser: a microphone that beeps, and nobody who has to be asked. */
export const MICROPHONE: readonly string[] = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

/** The list item of the message that contains this text. */
export function bubble(page: Page, text: string): Locator {
  return items(page).filter({ hasText: text });
}

/** A line in the middle, which tells what happened to the conversation itself. */
export function notice(page: Page, text: string | RegExp): Locator {
  return list(page).getByText(text);
}

/** The button of a reaction to the message with this text. */
export function chip(page: Page, text: string, name: RegExp): Locator {
  return bubble(page, text).getByRole("button", { name });
}

/** In the list of conversations. */
export function rowOf(page: Page, name: string): Locator {
  return page.getByRole("navigation", { name: "Conversations" }).getByRole("link", { name });
}

export async function write(page: Page, text: string): Promise<void> {
  const field = page.getByPlaceholder("Message");
  await field.fill(text);
  await field.press("Enter");
  await bubble(page, text).first().waitFor();
}

/** The menu of the first message with this text. */
export async function openMenu(page: Page, text: string): Promise<Locator> {
  const message = bubble(page, text).first();
  await message.hover();
  await message.getByRole("button", { name: /^Actions for the message/ }).click();
  const menu = page.getByRole("menu");
  await menu.waitFor();
  return menu;
}

/** Something in the menu of the first message with this text. */
export async function choose(page: Page, text: string, item: string): Promise<void> {
  const menu = await openMenu(page, text);
  await menu.getByRole("menuitem", { name: item }).click();
  await menu.waitFor({ state: "detached" });
}

/** Something in the menu of the conversation as a whole. */
export async function chooseForConversation(page: Page, name: string, item: string): Promise<void> {
  await press(page, `Actions for ${name}`);
  await page.getByRole("menuitem", { name: item, exact: true }).click();
}

/** Ends the time for a change of mind. */
export async function dismiss(page: Page, words: string): Promise<void> {
  const toast = page.getByRole("dialog").filter({ hasText: words });
  await toast.getByRole("button", { name: "Dismiss" }).click();
}

/** The app's own question comes only where the browser would ask too. */
export async function allowMicrophone(page: Page): Promise<void> {
  const allow = page.getByRole("button", { name: "Use the microphone" });
  const stop = page.getByRole("button", { name: "Stop recording" });
  await allow.or(stop).waitFor();
  if ((await allow.count()) > 0) await allow.click();
  await stop.waitFor();
}

/** It plays when its place moves; resolves at its end. */
export async function plays(note: Locator): Promise<void> {
  await note.getByRole("button", { name: "Play voice note" }).click();
  const place = note.getByLabel("Position in the voice note");
  await until(async () => Number(await place.inputValue()) > 0.3, "the voice note plays");
  await note.getByRole("button", { name: "Play voice note" }).waitFor();
}

/** The newest voice note of the conversation. */
export function voiceIn(page: Page): Locator {
  return items(page)
    .filter({ has: page.getByLabel("Position in the voice note") })
    .last();
}

/** The whole of it is within the window. */
export async function inSight(message: Locator, what: string): Promise<void> {
  await message.waitFor();
  await until(
    () =>
      message.evaluate((one: unknown) => {
        const element = one as { getBoundingClientRect(): { top: number; bottom: number } };
        const { top, bottom } = element.getBoundingClientRect();
        return top >= 0 && bottom <= (globalThis as unknown as { innerHeight: number }).innerHeight;
      }),
    `${what} is in sight`,
  );
}

export async function until(isTrue: () => Promise<boolean>, what: string): Promise<void> {
  for (const endMs = Date.now() + STEP_MS; Date.now() < endMs; ) {
    if (await isTrue()) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  assert.fail(`it did not happen: ${what}`);
}

function items(page: Page): Locator {
  return list(page).getByRole("listitem");
}

function list(page: Page): Locator {
  return page.getByRole("region", { name: /^Messages with/ });
}
