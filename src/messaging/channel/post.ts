/**
 * What an owner says in his channel: JSON, version 1, signed as bytes.
 *
 *   card    name and description; `first` is the number of the epoch's first post. Not numbered itself
 *   text    a post                       each numbered `n` from 1 without gaps, and bound by `prev` to the
 *   edit    new words for post `of`      one before: SHA-256 of its body, for n = 1 and in a card before
 *   delete  post `of` is taken back      the first post 64 zeros. Who withholds, repeats or reorders posts
 *   moved   the owner starts afresh      is seen by that
 *
 * Specified in NEP-07.
 */

import * as v from "valibot";
import { concatBytes, toHex, utf8Decode, utf8Encode } from "../../core/bytes.ts";
import { CodecError, ValidationError } from "../../core/errors.ts";
import { CHANNEL_LIMITS, FILE_LIMITS } from "../../core/limits.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import type { MessageFile } from "../views.ts";

export interface CardBody {
  readonly v: 1;
  readonly kind: "card";
  /** By the owner's clock; milliseconds since 1970. Of two cards the later one counts. */
  readonly at: number;
  readonly name: string;
  readonly description: string;
  readonly first: number;
  readonly prev: string;
}

/** What a post says, apart from its place in the channel. */
export type PostContent =
  | {
      readonly kind: "text";
      readonly text: string;
      readonly files: readonly MessageFile[];
      readonly reply?: number | undefined;
    }
  | { readonly kind: "edit"; readonly of: number; readonly text: string }
  | { readonly kind: "delete"; readonly of: number }
  | { readonly kind: "moved" };

export type PostBody = PostContent & {
  readonly v: 1;
  readonly at: number;
  readonly n: number;
  readonly prev: string;
};

export const NO_POST: string = "0".repeat(64);

const HASH_LABEL = utf8Encode("nocturne/channel/post-hash/v1");
const URL_CHARACTERS = 2_048;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const number = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const words = (bytes: number) =>
  v.pipe(
    v.string(),
    v.check((text) => text.isWellFormed() && utf8Encode(text).length <= bytes),
  );

const file = v.object({
  id: v.pipe(v.string(), v.maxLength(64)),
  name: v.pipe(words(FILE_LIMITS.nameBytes), v.minLength(1)),
  bytes: count,
  // A link leads into a browser, so it must not be able to run anything there.
  url: v.pipe(v.string(), v.maxLength(URL_CHARACTERS), v.regex(/^https?:\/\//)),
  voiceSeconds: v.exactOptional(count),
});

const cardSchema: v.GenericSchema<unknown, CardBody> = v.object({
  v: v.literal(1),
  kind: v.literal("card"),
  at: count,
  name: v.pipe(words(CHANNEL_LIMITS.nameBytes), v.minLength(1)),
  description: words(CHANNEL_LIMITS.descriptionBytes),
  first: number,
  prev: hash,
});

const head = { v: v.literal(1), at: count, n: number, prev: hash };
const text = words(CHANNEL_LIMITS.textBytes);

const anyPost: v.GenericSchema<unknown, PostBody> = v.variant("kind", [
  v.object({
    ...head,
    kind: v.literal("text"),
    text,
    files: v.pipe(v.array(file), v.maxLength(CHANNEL_LIMITS.filesPerPost)),
    reply: v.optional(number),
  }),
  v.object({ ...head, kind: v.literal("edit"), of: number, text }),
  v.object({ ...head, kind: v.literal("delete"), of: number }),
  v.object({ ...head, kind: v.literal("moved") }),
]);

/** Answers, edits and deletions mean an earlier post: none lies in wait for a later one. */
const postSchema: v.GenericSchema<unknown, PostBody> = v.pipe(
  anyPost,
  v.check((post) => (referenceOf(post) ?? 0) < post.n),
);

function referenceOf(post: PostBody): number | undefined {
  if (post.kind === "text") return post.reply;
  return post.kind === "moved" ? undefined : post.of;
}

/** The bytes to sign. Throws ValidationError `post_too_large` or `bad_post` for what no reader would take. */
export function encodeBody(body: CardBody | PostBody): Uint8Array {
  const bytes = utf8Encode(JSON.stringify(body));
  if (bytes.length > CHANNEL_LIMITS.bodyBytes) {
    throw new ValidationError("post_too_large", "This is too long for one post.", { hint: "Write two posts." });
  }
  if (!v.is(body.kind === "card" ? cardSchema : postSchema, body)) {
    throw new ValidationError("bad_post", "A part of this post is too long or not of its form.", {
      hint: "Shorten the text or names, and attach fewer files.",
    });
  }
  return bytes;
}

/** The card in verified bytes. Throws CodecError `bad_channel_post`. */
export function decodeCard(bytes: Uint8Array): CardBody {
  return decode(cardSchema, bytes);
}

/** The post in verified bytes. Throws CodecError `bad_channel_post`. */
export function decodePost(bytes: Uint8Array): PostBody {
  return decode(postSchema, bytes);
}

/** What the next post's `prev` names: 64 hex characters. */
export function postHash(bytes: Uint8Array): string {
  return toHex(sha256(concatBytes(HASH_LABEL, bytes)));
}

function decode<T>(schema: v.GenericSchema<unknown, T>, bytes: Uint8Array): T {
  try {
    return v.parse(schema, JSON.parse(utf8Decode(bytes)));
  } catch (cause) {
    throw new CodecError("bad_channel_post", "A post arrived that this version cannot read.", { cause });
  }
}
