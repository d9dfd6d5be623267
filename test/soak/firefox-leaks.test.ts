/** Firefox with the recipe that `nocturne browse --recipe firefox` prints, beside one that only has the proxy. */
import { test } from "node:test";
import { compareLeaks } from "../support/leak-comparison.ts";
import { FIREFOX_TRIALS } from "../support/leak-trial.ts";

test("nothing leaves Firefox with our recipe but through the proxy, and without it something does", (t) =>
  compareLeaks(t, "firefox-esr", FIREFOX_TRIALS));
