/**
 * A letter: what one Nocturne says to another inside the seal. JSON, version 1, one of four kinds.
 *
 *   hello    "may I write to you": the writer's card, and the proof of an invite
 *   accept   "yes": the answerer's card
 *   text     a message; `n` numbers the texts from one person to another, from 1, without gaps
 *   receipt  which texts arrived, and which were read
 *
 * Specified in NEP-03.
 */

import * as v from "valibot";
import { toHex, utf8Encode } from "../core/bytes.ts";
import { CodecError } from "../core/errors.ts";
import { FILE_LIMITS, MESSAGE_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import type { MessageFile } from "./views.ts";

interface LetterHead {
  readonly v: 1;
  /** 32 hex characters. */
  readonly id: string;
  /** When it was written, by the writer's clock; milliseconds since 1970. */
  readonly at: number;
}

export interface HelloLetter extends LetterHead {
  readonly kind: "hello";
  readonly name: string;
  readonly card: unknown;
  readonly proof?: string | undefined;
}

export interface AcceptLetter extends LetterHead {
  readonly kind: "accept";
  readonly name: string;
  readonly card: unknown;
}

export interface TextLetter extends LetterHead {
  readonly kind: "text";
  readonly n: number;
  readonly text: string;
  readonly files: readonly MessageFile[];
}

export interface ReceiptLetter extends LetterHead {
  readonly kind: "receipt";
  readonly delivered: readonly string[];
  readonly read: readonly string[];
}

export type Letter = HelloLetter | AcceptLetter | TextLetter | ReceiptLetter;

const ID_BYTES = 16;
const PROOF_PATTERN = /^[0-9a-f]{64}$/;
const URL_CHARACTERS = 2_048;

const identifier = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/));
const time = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const name = v.pipe(
  v.string(),
  v.check((text) => utf8Encode(text).length <= MESSAGE_LIMITS.nameBytes),
);
const head = { v: v.literal(1), id: identifier, at: time };
const receipts = v.pipe(v.array(identifier), v.maxLength(MESSAGE_LIMITS.idsPerReceipt));

const file = v.object({
  id: v.pipe(v.string(), v.maxLength(64)),
  name: v.pipe(
    v.string(),
    v.minLength(1),
    v.check((text) => utf8Encode(text).length <= FILE_LIMITS.nameBytes),
  ),
  bytes: time,
  // A link leads into a browser, so it must not be able to run anything there.
  url: v.pipe(v.string(), v.maxLength(URL_CHARACTERS), v.regex(/^https?:\/\//)),
});

const letterSchema: v.GenericSchema<unknown, Letter> = v.variant("kind", [
  v.object({
    ...head,
    kind: v.literal("hello"),
    name,
    card: v.unknown(),
    proof: v.optional(v.pipe(v.string(), v.regex(PROOF_PATTERN))),
  }),
  v.object({ ...head, kind: v.literal("accept"), name, card: v.unknown() }),
  v.object({
    ...head,
    kind: v.literal("text"),
    n: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
    text: v.pipe(
      v.string(),
      v.check((text) => utf8Encode(text).length <= MESSAGE_LIMITS.textBytes),
    ),
    files: v.pipe(v.array(file), v.maxLength(MESSAGE_LIMITS.filesPerMessage)),
  }),
  v.object({ ...head, kind: v.literal("receipt"), delivered: receipts, read: receipts }),
]);

/** Version, a fresh id (32 hex characters) and the time, for a letter about to be written. */
export function letterHead(nowMs: number, id: string = createLetterId()): { v: 1; id: string; at: number } {
  return { v: 1, id, at: nowMs };
}

export function createLetterId(): string {
  return toHex(randomBytes(ID_BYTES));
}

export function isLetterId(text: string): boolean {
  return v.is(identifier, text);
}

export function encodeLetter(letter: Letter): string {
  return JSON.stringify(letter);
}

/** The letter in `text`. Throws CodecError `bad_letter`. */
export function decodeLetter(text: string): Letter {
  try {
    return v.parse(letterSchema, JSON.parse(text));
  } catch (cause) {
    throw new CodecError("bad_letter", "A letter arrived that this version cannot read.", { cause });
  }
}
