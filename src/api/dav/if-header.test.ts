import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DAV_LIMITS } from "../../core/limits.ts";
import { parseIfHeader } from "./if-header.ts";

const token = (value: string, negated = false) => ({ negated, kind: "token", value });
const etag = (value: string, negated = false) => ({ negated, kind: "etag", value });

test("the examples of RFC 4918 section 10.4 are read", () => {
  assert.deepEqual(
    parseIfHeader('(<urn:uuid:181d4fae-7d8c-11d0-a765-00a0c91e6bf2> ["I am an ETag"]) (["I am another ETag"])'),
    [
      {
        resource: null,
        conditions: [token("urn:uuid:181d4fae-7d8c-11d0-a765-00a0c91e6bf2"), etag('"I am an ETag"')],
      },
      { resource: null, conditions: [etag('"I am another ETag"')] },
    ],
  );
  assert.deepEqual(parseIfHeader("(Not <urn:uuid:1> <urn:uuid:2>)"), [
    { resource: null, conditions: [token("urn:uuid:1", true), token("urn:uuid:2")] },
  ]);
  assert.deepEqual(parseIfHeader("(<urn:uuid:1>)\r\n\t(Not <DAV:no-lock>)".replace(/\r\n/g, "")), [
    { resource: null, conditions: [token("urn:uuid:1")] },
    { resource: null, conditions: [token("DAV:no-lock", true)] },
  ]);
  assert.deepEqual(parseIfHeader('</resource1> (<urn:uuid:1> [W/"A weak ETag"]) (["strong ETag"]) </b> (Not ["c"])'), [
    { resource: "/resource1", conditions: [token("urn:uuid:1"), etag('W/"A weak ETag"')] },
    { resource: "/resource1", conditions: [etag('"strong ETag"')] },
    { resource: "/b", conditions: [etag('"c"', true)] },
  ]);
});

test("what is no such header is refused, and does not keep the parser busy", () => {
  const bad = [
    "",
    " ",
    "()",
    "(<a>",
    "<a>",
    "<a> <b> (<c>)",
    "(<a>) x",
    "(a)",
    '(["a)',
    "(<a>) </b> (<c>)",
    "(Not)",
    "(<>)",
  ];
  for (const header of [...bad, "((<a>))", "(<a b>)", "NotNot (<a>)"])
    assert.throws(() => parseIfHeader(header), { code: "bad_if_header", status: 400 }, header);
  const most = `(${"<a> ".repeat(DAV_LIMITS.conditions)})`;
  assert.equal(parseIfHeader(most)[0]?.conditions.length, DAV_LIMITS.conditions);
  for (const many of [
    `${most} (<a>)`,
    "(<a>)".repeat(DAV_LIMITS.conditions + 1),
    `(${" ".repeat(16_000)}`,
    "(Not ".repeat(3_000),
  ])
    assert.throws(() => parseIfHeader(many), { code: "bad_if_header" });
});

test("any text is read or refused, and what is written is what is read", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        parseIfHeader(text);
      } catch (error) {
        assert.equal((error as { code: string }).code, "bad_if_header");
      }
    }),
  );
  const word = fc.stringMatching(/^[a-z:/%0-9-]{1,12}$/);
  const condition = fc.record({
    negated: fc.boolean(),
    kind: fc.constantFrom("token" as const, "etag" as const),
    value: word,
  });
  const lists = fc.array(fc.array(condition, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(lists, fc.option(word), (all, resource) => {
      const written = all.map((list) =>
        list.map(
          ({ negated, kind, value }) => `${negated ? "Not " : ""}${kind === "token" ? `<${value}>` : `["${value}"]`}`,
        ),
      );
      const header =
        (resource === null ? "" : `<${resource}> `) + written.map((list) => `(${list.join(" ")})`).join(" ");
      const read = all.map((conditions) => ({
        resource,
        conditions: conditions.map((item) => ({
          ...item,
          ...(item.kind === "etag" ? { value: `"${item.value}"` } : {}),
        })),
      }));
      assert.deepEqual(parseIfHeader(header), read);
    }),
  );
});
