/**
 * File names as other people's programs hand them to us, made safe to save and to show:
 *
 *   "../../etc/pass\u202Egpj.exe"  ->  "passgpj.exe"
 */
import { utf8Encode } from "../core/bytes.ts";
import { DECEPTIVE } from "../core/deceptive.ts";
import { ValidationError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";

/** Control characters can drive a terminal, and none of these belongs into one line. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}]/gu;

/** With the dot. What is longer is no extension, but a sentence with a dot in it. */
const LONGEST_EXTENSION = 16;

/**
 * The last part of a path, without characters that deceive a terminal, a person or a file system; at most
 * 255 UTF-8 bytes, in normal form C. Throws ValidationError `bad_file_name` when nothing usable is left.
 */
export function cleanFileName(name: string): string {
  const parts = name.toWellFormed().normalize("NFC").replace(UNSAFE, "").replace(DECEPTIVE, "").split(/[/\\]/);
  const last = parts.map((part) => part.trim()).findLast((part) => part !== "");
  if (last === undefined || last === "." || last === "..") {
    throw new ValidationError("bad_file_name", "The file has no usable name.", { hint: "Give it a name." });
  }
  if (utf8Encode(last).length > FILE_LIMITS.nameBytes) {
    throw new ValidationError("bad_file_name", `The file's name is longer than ${FILE_LIMITS.nameBytes} bytes.`, {
      hint: "Give it a shorter name.",
    });
  }
  return last;
}

/** The same of a name that a stranger gave; null when nothing usable is left. */
export function usableFileName(name: string): string | null {
  try {
    return cleanFileName(name);
  } catch (error) {
    if (error instanceof ValidationError) return null;
    throw error;
  }
}

/** Orders names as people sort: 2 before 10. */
export const compareNames: (a: string, b: string) => number = new Intl.Collator("en", { numeric: true }).compare;

/** `plan (2).txt`: a name beside `name`, shortened at its end where both would be longer than a name may be. */
export function numberedName(name: string, number: number): string {
  const dot = name.lastIndexOf(".");
  const extension = dot > 0 && name.length - dot <= LONGEST_EXTENSION ? name.slice(dot) : "";
  const ending = ` (${number})${extension}`;
  let stem = Array.from(name.slice(0, name.length - extension.length));
  while (utf8Encode(stem.join("") + ending).length > FILE_LIMITS.nameBytes) stem = stem.slice(0, -1);
  return stem.join("").trimEnd() + ending;
}
