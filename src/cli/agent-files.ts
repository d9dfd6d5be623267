/**
 * Files that people hand to each other: papers and genesis as lines of hex, invitations as a line of JSON.
 */
import { existsSync, readFileSync } from "node:fs";
import { fromHex, toHex, utf8Encode } from "../core/bytes.ts";
import { CodecError, UsageError } from "../core/errors.ts";
import { createPrivateFile } from "../vault/durable-file.ts";
import type { Context } from "./context.ts";

const LINES = /^(?:(?:[0-9a-f]{2})+\s+)+$/;
/** More than any file of ours has. */
const MOST_CHARACTERS = 1_000_000;

/** One or more. Throws CodecError `bad_paper_file`. */
export function readHexFile(path: string): Uint8Array[] {
  const text = `${readFileSync(path, "utf8")}\n`;
  if (text.length <= MOST_CHARACTERS && LINES.test(text)) return text.trim().split(/\s+/).map(fromHex);
  throw new CodecError("bad_paper_file", `${path} holds no papers.`, { hint: "They are lines of hex digits." });
}

/** Into the file, or to stdout without one. */
export function writeHex(
  context: Context,
  lines: readonly Uint8Array[],
  { out, about, next }: { readonly out: string | undefined; readonly about: object; readonly next: string },
): void {
  const text = lines.map((line) => `${toHex(line)}\n`).join("");
  if (out !== undefined) writeNewFile(out, text);
  const value = { ...about, ...(out === undefined ? { papers: lines.map(toHex) } : { file: out }) };
  context.output.result(value, out === undefined ? text.trimEnd() : `Wrote ${out}.`);
  context.output.say(next);
}

/** 0600. Throws UsageError `file_exists`. */
export function writeNewFile(path: string, text: string): void {
  if (existsSync(path)) {
    throw new UsageError("file_exists", `There is a file at ${path} already.`, { hint: "Choose another name." });
  }
  createPrivateFile(path, utf8Encode(text));
}
