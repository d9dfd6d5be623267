/** What holds for every page, whatever it shows: axe-core finds nothing, nothing sticks out, thumbs hit every button. */
import assert from "node:assert/strict";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { DESK, PHONE } from "./web-app.ts";

/** Of a button or a field, in CSS pixels. */
const TARGET_PIXELS = 44;

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** Fails with the rule and the markup of everything that axe-core finds. `what` names the page in the failure. */
export async function assertAccessible(page: Page, what: string): Promise<void> {
  await settle(page);
  const violations = await page.evaluate<readonly Violation[]>(
    `${(await page.evaluate("typeof axe")) === "undefined" ? axe.source : ""};
    axe.run({ resultTypes: ["violations"] }).then(({ violations }) => violations)`,
  );
  const told = violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html} ${node.failureSummary ?? ""}`),
  );
  assert.deepEqual(told, [], what);
}

/** Nothing has to be scrolled sideways, and every button and field is large enough for a thumb. Returns how many there are. */
export async function assertHandy(page: Page, what: string): Promise<number> {
  const widths = await page.evaluate<number[]>("[document.scrollingElement.scrollWidth, innerWidth]");
  assert.ok((widths[0] as number) <= (widths[1] as number), `${what} is ${widths[0]} wide on ${widths[1]}`);
  const controls = await page.evaluate<{ html: string; pixels: number }[]>(`[...document.querySelectorAll(
      "button, select, textarea, [role=menuitem], [role=option], input:not([type=radio], [type=checkbox], [type=hidden], [hidden]), label:has(input)"
    )].flatMap((one) => {
      const { width, height } = one.getBoundingClientRect();
      const isShown = height > 0 && getComputedStyle(one).clipPath === "none";
      return isShown ? [{ html: one.outerHTML.slice(0, 200), pixels: Math.min(width, height) }] : [];
    })`);
  const small = controls.filter(({ pixels }) => pixels < TARGET_PIXELS);
  assert.deepEqual(small, [], `too small: ${what}`);
  return controls.length;
}

/** Both of the above, on a telephone in the dark and on a desk in the light. */
export async function inspect(page: Page, what: string): Promise<void> {
  for (const [size, colorScheme] of [
    [PHONE, "dark"],
    [DESK, "light"],
  ] as const) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme, reducedMotion: colorScheme === "light" ? "reduce" : "no-preference" });
    await assertAccessible(page, `${what}, ${size.width} px, ${colorScheme}`);
    await assertHandy(page, `${what}, ${size.width} px, ${colorScheme}`);
  }
}

/**
 * Waits for running transitions: half-way through one, colours are neither here nor there. Those of a new colour scheme
 * begin a frame after it; and where a colour follows one that changes, its own begins anew with every frame of that.
 */
async function settle(page: Page): Promise<void> {
  await page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve())))");
  await page.evaluate(
    `(async () => {
      for (let all; (all = document.getAnimations()).length > 0; )
        await Promise.all(all.map((animation) => animation.finished.catch(() => null)));
    })()`,
  );
}
