/**
 * Words of the control protocol: what we send is checked or quoted, what we read is taken apart. Pure.
 *
 *   SETCONF ExcludeNodes="$AB..,$CD.."        650 STREAM 7 NEW 0 example.org:443 SOCKS_USERNAME="x \"y\""
 *   keyword word                              positional words, then named ones
 */
import { ValidationError } from "../../core/errors.ts";

/** A word as it is, or one whose value is quoted: `key="value"`. */
export type Word = string | { readonly key: string; readonly value: string };

/**
 * A command without its line end. A word that could end the line or begin another word is refused: what strangers name
 * (an onion address, a bridge) must never become a second command. Throws ValidationError `bad_control_word`.
 */
export function commandLine(keyword: string, words: readonly Word[]): string {
  return [keyword, ...words].map(spell).join(" ");
}

function spell(word: Word): string {
  if (typeof word !== "string") return `${spell(word.key)}=${quote(word.value)}`;
  if (!/^[!#-[\]-~]+$/.test(word)) throw badWord();
  return word;
}

/** A QuotedString (control-spec 2.1.1). Throws for what no line can hold. */
function quote(value: string): string {
  if (/[^ -~\t\u0080-\u{10ffff}]/u.test(value)) throw badWord();
  return `"${value.replace(/["\\]/g, "\\$&")}"`;
}

export interface Words {
  readonly plain: readonly string[];
  /** By key as Tor writes it, such as `PURPOSE`; of two alike, the first. */
  readonly named: ReadonlyMap<string, string>;
}

const WORD = /\s*(?:([A-Za-z0-9_]+)=)?(?:"((?:[^"\\]|\\.)*)"|(\S*))/y;

/** Takes a line apart at its spaces; within quotes `\` stands before what is meant as it is. */
export function readWords(text: string): Words {
  const plain: string[] = [];
  const named = new Map<string, string>();
  WORD.lastIndex = 0;
  while (WORD.lastIndex < text.length) {
    const at = WORD.lastIndex;
    const [, key, quoted, bare = ""] = WORD.exec(text) ?? [];
    if (WORD.lastIndex === at) break;
    const value = quoted === undefined ? bare : unescapeQuoted(quoted);
    if (key === undefined) plain.push(value);
    else if (!named.has(key)) named.set(key, value);
  }
  return { plain: plain.filter((word) => word !== ""), named };
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** As Tor's `esc_for_log` writes: C escapes, octal for other bytes. */
function unescapeQuoted(text: string): string {
  return text.replace(/\\([0-7]{1,3}|.)/g, (_, code: string) =>
    /^[0-7]/.test(code) ? String.fromCharCode(Number.parseInt(code, 8) & 0xff) : (ESCAPES[code] ?? code),
  );
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Text of bytes of which some may be no UTF-8. */
export function utf8DecodeLossy(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

function badWord(): ValidationError {
  return new ValidationError(
    "bad_control_word",
    "This cannot be told to Tor: it has characters that it may not have.",
    {
      hint: "Enter it again, on one line and without quotes.",
    },
  );
}
