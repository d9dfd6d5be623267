/**
 * What an answer of a tool looks like to programs.
 *
 *   { untrusted: true, provenance: { source, asked_at }, ... }      the answer
 *   { provenance: {ids, keys, levels, times}, untrusted: {words} }  each thing in it: what this machine checked, and what others wrote
 *
 * No word of others stands in a field that is not under `untrusted`.
 */
import type { CallToolResult } from "@modelcontextprotocol/server";
import * as z from "zod";
import { MCP_LIMITS } from "../core/agent-limits.ts";
import { toNocturneError } from "../core/errors.ts";
import { AgentRefusal } from "./agent-calls.ts";
import { timeText } from "./agent-answers.ts";
import { FencedText, plainLine, plainWords } from "./fence.ts";

const SOURCE = "agent mesh";

interface Marks {
  untrusted: true;
  provenance: { source: typeof SOURCE; asked_at: string };
}

/** Fields of every answer's schema. */
export const marks: { untrusted: z.ZodLiteral<true>; provenance: z.ZodType<Marks["provenance"]> } = {
  untrusted: z.literal(true),
  provenance: z.object({ source: z.literal(SOURCE), asked_at: z.string() }),
};

export const hexText: z.ZodType<string> = z.string().regex(/^[0-9a-f]{64}$/);

/** An answer, for people and models as `text`, for programs as marks and `fields`. */
export function answerOf(text: FencedText, fields: Readonly<Record<string, unknown>>): CallToolResult {
  const own: Marks = { untrusted: true, provenance: { source: SOURCE, asked_at: timeText(Date.now()) } };
  return { content: [{ type: "text", text: text.toString() }], structuredContent: { ...own, ...fields } };
}

/** The handler with every error as an answer that says so. What the agent says of an error may quote others. */
export function answering<T>(handle: (input: T) => Promise<CallToolResult>): (input: T) => Promise<CallToolResult> {
  return async (input) => {
    try {
      return await handle(input);
    } catch (error) {
      return { content: [{ type: "text", text: failureText(error).toString() }], isError: true };
    }
  };
}

function failureText(error: unknown): FencedText {
  const { code, message, hint } = toNocturneError(error);
  if (error instanceof AgentRefusal) {
    const words = hint === undefined ? { message } : { message, hint };
    return new FencedText().say(`The agent refused this (${code}).`).quote(words);
  }
  return new FencedText().say(`${message}${hint === undefined ? "" : ` ${hint}`} (${code})`);
}

/** The first ones whose words fit into one answer, one at least; and how many do not. */
export function fitting<T>(
  items: readonly T[],
  wordsOf: (item: T) => unknown,
): { kept: readonly T[]; leftOut: number } {
  let left: number = MCP_LIMITS.answerBytes;
  const end = items.findIndex((item, at) => {
    left -= Buffer.byteLength(JSON.stringify(wordsOf(item)));
    return left < 0 && at > 0;
  });
  const kept = end === -1 ? items : items.slice(0, end);
  return { kept, leftOut: items.length - kept.length };
}

/** Said of a list that is not whole. */
export function leftOutText(leftOut: number): string {
  return `${leftOut} more did not fit into one answer.`;
}

/** Words of others for programs: cleaned as in the text. */
export function cleanWords<T extends Readonly<Record<string, string | readonly string[] | null>>>(words: T): T {
  const clean = (value: string | readonly string[] | null): unknown =>
    typeof value === "string" ? plainWords(value) : (value?.map(plainLine) ?? null);
  return Object.fromEntries(Object.entries(words).map(([name, value]) => [name, clean(value)])) as T;
}
