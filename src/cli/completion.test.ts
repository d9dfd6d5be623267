import assert from "node:assert/strict";
import { test } from "node:test";
import { expectsPath } from "./completion.ts";
import { Context } from "./context.ts";
import { createProgram } from "./program.ts";

const program = createProgram(new Context());

test("file names are offered where a path is to be typed", () => {
  const lines = [
    ["files", "put", ""],
    ["files", "put", "sub/fi"],
    ["files", "put", "one", "two", ""],
    ["files", "put", "--cipher", "noctis-256", ""],
    ["files", "get", "0123", "-o", ""],
    ["files", "get", "--output", "x"],
    ["send", "bob", "--file", ""],
    ["--data-dir", ""],
    ["--data-dir", "/tmp", "restore", ""],
    ["backup", ""],
    ["verify", ""],
    ["relay", "--config", ""],
  ];
  for (const words of lines) assert.ok(expectsPath(program, words), words.join(" "));
});

test("nowhere else", () => {
  const lines = [
    [],
    [""],
    ["fi"],
    ["files", ""],
    ["files", "put", "--"],
    ["files", "put", "x", "--cipher", ""],
    ["files", "get", ""],
    ["send", ""],
    ["send", "files", ""],
    ["backup", "x", ""],
    ["--data-dir", "restore", ""],
  ];
  for (const words of lines) assert.ok(!expectsPath(program, words), words.join(" "));
});
