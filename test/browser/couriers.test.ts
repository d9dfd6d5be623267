/** A courier on the page of a contact: offered on the one side, used and watched on the other. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import type { CouriersView } from "../../src/api/contract.ts";
import { assertAccessible, assertHandy } from "../support/accessibility.ts";
import { launchBrowser } from "../support/browser.ts";
import { startNocturne } from "../support/nocturne-process.ts";
import { ask, befriend } from "../support/people.ts";
import { buildPages, openApp, PHONE, press, visit } from "../support/web-app.ts";

before(buildPages);

test("Grace carries for Ada, who sends by her, sees how it goes, and stops", async (t) => {
  const browser = await launchBrowser(t);
  if (!browser) return;
  const complaints: string[] = [];
  const [ada, grace] = [await startNocturne(t), await startNocturne(t)];
  await befriend(ada, grace, { host: "Ada", guest: "Grace" });
  const [pageOfAda, pageOfGrace] = [
    await openApp(browser, ada, complaints, { viewport: PHONE }),
    await openApp(browser, grace, complaints),
  ];
  await visit(pageOfAda, `/contacts/${grace.npub}`);
  await pageOfAda.getByText("has not said that it carries for you").waitFor();
  await visit(pageOfGrace, `/contacts/${ada.npub}`);
  await pageOfGrace.getByRole("switch", { name: "Carry mail for Ada" }).click();
  await pageOfGrace.getByText("0 of 2000 cells today").waitFor();

  const use = pageOfAda.getByRole("switch", { name: "Send my mail by Grace" });
  await use.click();
  await pageOfAda.getByText("Cells on the way there").waitFor();
  await pageOfAda.getByText("relays of the people you write to see its connections, not yours").waitFor();
  await assertAccessible(pageOfAda, "a contact who is the courier");
  await assertHandy(pageOfAda, "a contact who is the courier");
  assert.equal((await ask<CouriersView>(ada, "GET", "/couriers")).using?.name, "Grace");

  await use.click();
  await pageOfAda.getByText("Cells on the way there").waitFor({ state: "detached" });
  await press(pageOfAda, "I have a voucher");
  await pageOfAda.getByRole("textbox", { name: "Code" }).fill("A".repeat(22));
  await press(pageOfAda, "Present");
  await pageOfAda.getByText("Your voucher was refused").waitFor();
  assert.deepEqual(complaints, []);
});
