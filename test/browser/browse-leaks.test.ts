/**
 * A browser with nothing but the product's proxy to go through, and a page that tries everything to get past it: three
 * controls that must leak, and the flags of the product, which must not. Firefox with our recipe: test/soak/.
 */
import { test } from "node:test";
import { compareLeaks } from "../support/leak-comparison.ts";
import { CHROMIUM_TRIALS } from "../support/leak-trial.ts";

test("nothing leaves a private window but through the proxy, and without its flags something does", (t) =>
  compareLeaks(t, "chromium", CHROMIUM_TRIALS));
