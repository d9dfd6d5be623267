/**
 * Reads what Tor says on its control port (control-spec, section 2.3). Pure: bytes in, whole replies out.
 *
 *   250-version=0.4.9       a line, more follow        ┐
 *   250+circuit-status=     a line with data           │
 *   5 BUILT $AB..~guard     the data, ".." for "."     │ one reply, all of one code
 *   .                                                  │
 *   250 OK                  the last line              ┘
 *   650 CIRC 5 CLOSED ...   the same forms, asked by nobody: an event
 */
import { utf8DecodeLossy } from "./control-text.ts";
import { CodecError } from "../../core/errors.ts";

export interface ReplyLine {
  /** What stands after the code, without the end of the line. */
  readonly text: string;
  /** What follows a line of the form `250+`, its lines joined by `\n`; null for other lines. */
  readonly data: string | null;
}

export interface Reply {
  /** 2xx: done. 4xx, 5xx: refused. 6xx: an event. */
  readonly code: number;
  readonly lines: readonly ReplyLine[];
}

export interface ReplyLimits {
  readonly controlLineBytes: number;
  readonly controlReplyBytes: number;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export class ReplyReader {
  readonly #limits: ReplyLimits;
  /** Of the line that has not ended yet. */
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;
  #replyBytes = 0;
  #code: string | null = null;
  #lines: ReplyLine[] = [];
  /** The line whose data is being read, and that data. */
  #opened: { readonly text: string; readonly data: string[] } | null = null;

  constructor(limits: ReplyLimits) {
    this.#limits = limits;
  }

  /** The replies that end in these bytes. Throws CodecError `bad_control_reply`; nothing may be read after that. */
  read(bytes: Uint8Array): Reply[] {
    const replies: Reply[] = [];
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
      this.#take(bytes.subarray(start, end + 1));
      start = end + 1;
      const reply = this.#readLine(this.#endLine());
      if (reply) replies.push(reply);
    }
    if (start < bytes.length) this.#take(bytes.slice(start));
    return replies;
  }

  /** Counts before it keeps: an endless line must not fill the memory. */
  #take(piece: Uint8Array): void {
    this.#pieceBytes += piece.length;
    this.#replyBytes += piece.length;
    if (this.#pieceBytes > this.#limits.controlLineBytes) throw badReply("a line is too long");
    if (this.#replyBytes > this.#limits.controlReplyBytes) throw badReply("a reply is too long");
    this.#pieces.push(piece);
  }

  #endLine(): string {
    const line = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#pieceBytes = 0;
    const end = line.at(-2) === CARRIAGE_RETURN ? -2 : -1;
    return utf8DecodeLossy(line.subarray(0, end));
  }

  #readLine(line: string): Reply | null {
    if (this.#opened) {
      if (line === ".") this.#closeData();
      else this.#opened.data.push(line.startsWith(".") ? line.slice(1) : line);
      return null;
    }
    const [, code, form, text] = /^([2-6]\d\d)([ +-])(.*)$/s.exec(line) ?? [];
    if (code === undefined || text === undefined) throw badReply("a line has no code");
    if (this.#code !== null && this.#code !== code) throw badReply("the code changes within a reply");
    this.#code = code;
    if (form === "+") {
      this.#opened = { text, data: [] };
      return null;
    }
    this.#lines.push({ text, data: null });
    return form === " " ? this.#endReply(Number(code)) : null;
  }

  #closeData(): void {
    if (this.#opened) this.#lines.push({ text: this.#opened.text, data: this.#opened.data.join("\n") });
    this.#opened = null;
  }

  #endReply(code: number): Reply {
    const reply = { code, lines: this.#lines };
    this.#code = null;
    this.#lines = [];
    this.#replyBytes = 0;
    return reply;
  }
}

function badReply(why: string): CodecError {
  return new CodecError("bad_control_reply", `What answers on Tor's control port does not speak its language: ${why}.`);
}
