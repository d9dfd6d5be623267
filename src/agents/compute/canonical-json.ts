/**
 * JSON with exactly one text for each value, so that what two machines computed is equal byte for byte, or it is not the same.
 *
 *   { "b": 1.0, "a": "é" }   ->   {"a":"\u00e9","b":1}
 *
 * No space; keys rise by their UTF-16 units; numbers and escapes are those of `JSON.stringify`, and whatever is not
 * printable ASCII is `\uXXXX`: no version of Unicode has a say, and nothing in it hides or turns the text around it.
 * Specified in NEP-31.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";

/** Of a value as `JSON.parse` gives it; null for what JSON cannot say, and for what is nested deeper than `jsonDepth`. */
export function canonicalJson(value: unknown, depth: number = AGENT_LIMITS.jsonDepth): string | null {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number") return Number.isFinite(value) ? JSON.stringify(value) : null;
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value !== "object" || depth === 0) return null;
  if (Array.isArray(value)) {
    const items = value.map((item) => canonicalJson(item, depth - 1));
    return items.includes(null) ? null : `[${items.join(",")}]`;
  }
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  const texts = fields.map(([key, item]) => [quoted(key), canonicalJson(item, depth - 1)]);
  return texts.some(([, text]) => text === null) ? null : `{${texts.map((pair) => pair.join(":")).join(",")}}`;
}

/** The one text of the value that this JSON says; null for what is none. Never throws. */
export function canonicalText(text: string): string | null {
  try {
    return canonicalJson(JSON.parse(text));
  } catch {
    return null;
  }
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
