/**
 * Lines of a SAM bridge (I2P "SAM V3"): what we send is checked, what we read is taken apart. Pure.
 *
 *   STREAM CONNECT ID=ab12 DESTINATION=xyz.b32.i2p        SESSION STATUS RESULT=I2P_ERROR MESSAGE="no \"tunnels\""
 *   two words, then pairs                                 two words, then pairs; a key alone has an empty value
 */
import { CodecError, ValidationError } from "../../core/errors.ts";

export interface SamReply {
  /** The two first words, such as `SESSION STATUS`. */
  readonly topic: string;
  readonly values: ReadonlyMap<string, string>;
}

/**
 * A command without its line end. A value that could end the line, or begin another pair, is refused: what strangers name
 * (an address) must never become a second command. Throws ValidationError `bad_sam_word`.
 */
export function samLine(topic: string, pairs: Readonly<Record<string, string | number>>): string {
  const spelled = Object.entries(pairs).map(([key, value]) => `${key}=${value}`);
  for (const pair of spelled) {
    if (!/^[A-Za-z0-9_.]+=[!#-[\]-~]+$/.test(pair)) {
      throw new ValidationError("bad_sam_word", "This cannot be said to an I2P router.", {
        hint: "Use a plain name, such as abc.b32.i2p.",
      });
    }
  }
  return [topic, ...spelled].join(" ");
}

const TOPIC = /^([A-Z]+ [A-Z]+)(?= |$)/;
const PAIR = / +([^\s="\\]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s"\\]*)))?(?= |$)/y;

/**
 * A line without its end. Throws CodecError `bad_sam_line` for whatever is none: control characters, an open quote, a key
 * that has two values.
 */
export function readReply(line: string): SamReply {
  const [, topic] = TOPIC.exec(line) ?? [];
  if (topic === undefined || /\p{Cc}/u.test(line)) throw badLine();
  const values = new Map<string, string>();
  PAIR.lastIndex = topic.length;
  for (let at = topic.length; at < line.length; at = PAIR.lastIndex) {
    PAIR.lastIndex = at;
    const [, key, quoted, bare] = PAIR.exec(line) ?? [];
    if (key === undefined) {
      if (line.slice(at).trim() === "") break;
      throw badLine();
    }
    const value = quoted?.replace(/\\(.)/g, "$1") ?? bare;
    // A bridge may write its message without quotes: its words are then keys alone, and may come twice.
    if (value !== undefined && values.has(key)) throw badLine();
    if (!values.has(key)) values.set(key, value ?? "");
  }
  return { topic, values };
}

function badLine(): CodecError {
  return new CodecError("bad_sam_line", "What answers in the place of the I2P router is none.", {
    hint: "Look which program listens there; NOCTURNE_SAM says another place.",
  });
}
