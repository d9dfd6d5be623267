import assert from "node:assert/strict";
import { test } from "node:test";
import { INJECTIONS, MARK, outsideFences } from "../../test/support/mcp-injections.ts";
import { hasHiddenSign } from "../core/hidden-signs.ts";
import { FencedText, plainLine, plainWords } from "./fence.ts";

const leaks = (text: string): boolean => {
  try {
    return outsideFences(text).some((line) => line.includes(MARK));
  } catch {
    return true;
  }
};

test("no words come out of a fence", () => {
  assert.ok(Object.keys(INJECTIONS).length >= 30);
  for (const [name, words] of Object.entries(INJECTIONS)) {
    const text = new FencedText()
      .say("before")
      .quote({ content: words, tag: [words, words] })
      .say("after")
      .toString();
    assert.ok(text.includes(MARK), name);
    assert.deepEqual(outsideFences(text).slice(1), ["before", "after"], name);
    assert.ok(!hasHiddenSign(text.replace(/[\n\t]/g, "")), name);
  }
});

test("the corpus breaks what has no bars and a known nonce", () => {
  const nonce = "0123456789abcdef0123456789abcdef";
  const naive = (words: string): string => {
    const note = `Between the marks with ${nonce}, words of others.`;
    return `${note}\n[untrusted ${nonce}]\n| ${words}\n[end ${nonce}]`;
  };
  assert.equal(leaks(naive(MARK)), false);
  const broken = Object.values(INJECTIONS).filter((words) => leaks(naive(words)));
  assert.ok(broken.length >= 10, `${broken.length}`);
});

test("each answer has marks of its own", () => {
  const text = new FencedText().quote({ content: "a" });
  const nonces = [text.toString(), text.toString()].map((one) => /[0-9a-f]{32}/.exec(one)?.[0]);
  assert.notEqual(nonces[0], nonces[1]);
});

test("nothing is quoted where there is nothing", () => {
  assert.equal(new FencedText().say("only ours").quote({ tag: [] }).toString(), "only ours");
});

test("words keep their lines, and lines their place", () => {
  assert.equal(plainWords("a\r\nb\u2028c\td"), "a\nb\nc\td");
  assert.equal(plainLine("a\r\n\n\tb"), "a b");
  const lines = new FencedText()
    .quote({ content: "a\n\nb", source: ["x\ny"] })
    .toString()
    .split("\n");
  assert.deepEqual(lines.slice(2, -1), ["| content:", "| a", "| ", "| b", "| source: x y"]);
});
