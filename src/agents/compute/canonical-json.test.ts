import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { canonicalJson, canonicalText } from "./canonical-json.ts";

test("one text of each value, which says the same", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const said = JSON.parse(JSON.stringify(value));
      const text = canonicalJson(said) ?? assert.fail();
      assert.deepEqual(JSON.parse(text), said);
      assert.equal(canonicalText(text), text);
      assert.equal(canonicalText(JSON.stringify(value, null, 2)), text);
      assert.match(text, /^[ -~]*$/);
    }),
    { numRuns: 300 },
  );
});

test("keys rise, whatever the order they were given in", () => {
  assert.equal(
    canonicalText('{"b":1,"a":2,"10":3,"9":4,"é":5,"__proto__":6}'),
    String.raw`{"10":3,"9":4,"__proto__":6,"a":2,"b":1,"\u00e9":5}`,
  );
  assert.equal(canonicalText(String.raw`"\ud800\u0041\u007f\n"`), String.raw`"\ud800A\u007f\n"`);
  assert.equal(canonicalText("[1.0, -0, 1e21, 100e-2]"), "[1,0,1e+21,1]");
});

test("what is no JSON, too deep or no number has none", () => {
  for (const text of ["", "{", "undefined", "NaN", "1e999", "[1,]", "'a'"])
    assert.equal(canonicalText(text), null, text);
  for (const value of [undefined, Number.NaN, 1n, () => 1, [undefined]]) assert.equal(canonicalJson(value), null);
  const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
  assert.equal(canonicalText(nested(AGENT_LIMITS.jsonDepth)), nested(AGENT_LIMITS.jsonDepth));
  assert.equal(canonicalText(nested(AGENT_LIMITS.jsonDepth + 1)), null);
  assert.equal(canonicalText("[".repeat(1e6)), null);
});
