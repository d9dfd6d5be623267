import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isThisMachine, splitLinks, webAddress } from "./text-links.ts";

const urlsIn = (text: string): (string | null)[] => splitLinks(text).flatMap(({ url }) => url ?? []);

test("addresses are found without the sentence around them", () => {
  assert.deepEqual(urlsIn("See https://example.org/a?b=1."), ["https://example.org/a?b=1"]);
  assert.deepEqual(urlsIn("(http://a.b) and https://c.d/e, yes"), ["http://a.b", "https://c.d/e"]);
  assert.deepEqual(urlsIn("no links here"), []);
});

test("only http and https become links", () => {
  for (const text of [
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "nocturne:invite/abc",
    "https://",
  ]) {
    assert.deepEqual(urlsIn(text), [], text);
    assert.equal(webAddress(text), null, text);
  }
});

test("a script hidden behind an address stays text", () => {
  assert.deepEqual(urlsIn('https://a.b"onclick="x'), ["https://a.b"]);
  assert.deepEqual(urlsIn("https://a.b<script>"), ["https://a.b"]);
});

test("the parts always give the text back", () => {
  const text = fc.array(fc.oneof(fc.string(), fc.webUrl(), fc.constantFrom(" ", ".", "https://", "http://x)")));
  fc.assert(
    fc.property(text, (parts) => {
      const whole = parts.join("");
      assert.equal(
        splitLinks(whole)
          .map((part) => part.text)
          .join(""),
        whole,
      );
    }),
  );
});

test("this machine is known by all its names", () => {
  for (const host of ["localhost:8080", "127.0.0.1", "127.9.9.9:1", "[::1]:8080", "app.localhost"]) {
    assert.equal(isThisMachine(`http://${host}/s/x#k`), true, host);
  }
  for (const host of ["example.org", "192.168.1.2", "localhost.example.org", "128.0.0.1"]) {
    assert.equal(isThisMachine(`http://${host}/s/x#k`), false, host);
  }
  assert.equal(isThisMachine("not an address"), false);
});
