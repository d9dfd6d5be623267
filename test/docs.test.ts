/** What the documents name must be there: a reader who looks for a file that has moved trusts nothing else either. */
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { test } from "node:test";

const NAMED = /\b(?:src|web|bench|test|scripts|docs|vectors)\/[\w./-]+\.(?:tsx?|mjs|md|json|html)\b/g;
const PATTERN = "NEP-NN-";
/** Tells what was weighed and done at its time. */
const HISTORY = /^docs\/decisions\//;

test("every file that a document names exists", () => {
  const documents = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", ...globSync("docs/**/*.md")].filter(
    (path) => !HISTORY.test(path),
  );
  const named = documents.flatMap((document) =>
    [...readFileSync(document, "utf8").matchAll(NAMED)].map(([path]) => ({ document, path })),
  );
  assert.ok(named.length > 100, "the documents name files");
  assert.deepEqual(
    named.filter(({ path }) => !path.includes(PATTERN) && !existsSync(path)),
    [],
  );
});
