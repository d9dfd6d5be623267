/**
 * Progress on stderr for long work; silent where nobody watches.
 *
 *   one file    NAME  ███░░░ 42 %  10.0 MiB/s  3 s left
 *   several     12 of 300 files  ██░░░░ 31 %  10.0 MiB/s  20 s left     and a line for each that is under way
 */

import process from "node:process";
import { formatBytes } from "./output.ts";
import { plainLine } from "./plain-text.ts";

const REDRAW_MS = 100;
const BAR_CHARACTERS = 24;
/** More files than these are under way without lines of their own. */
const FILE_LINES = 4;

/** What moves a file tells it how far it is. */
export interface Meter {
  /** Passes a stream through and counts it, from this many bytes on. */
  count(source: AsyncIterable<Uint8Array>, from?: number): AsyncGenerator<Uint8Array>;
  /** Counts so many bytes more. */
  advance(bytes: number): void;
  /** The file is there, or given up. */
  close(): void;
}

interface Moving {
  readonly label: string;
  readonly total: number | null;
  readonly startedMs: number;
  done: number;
  /** Of `done`, what was moved before and counts for no speed. */
  before: number;
}

/** Draws at most ten times a second, so that a fast disk is not held up by the terminal. */
export class Progress {
  readonly #visible: boolean;
  readonly #whole: { readonly files: number; readonly bytes: number } | null;
  readonly #startedMs: number = performance.now();
  readonly #moving = new Set<Moving>();
  #closed = 0;
  #closedBytes = 0;
  #movedBytes = 0;
  #drawnMs = 0;
  #lines = 0;

  /** `whole`: what all files together are, where there are several. */
  constructor(visible: boolean, whole: { readonly files: number; readonly bytes: number } | null = null) {
    this.#visible = visible && process.stderr.isTTY;
    this.#whole = whole;
  }

  /** A file of so many bytes; null for an unknown number. */
  open(label: string, total: number | null): Meter {
    const file: Moving = { label: plainLine(label), total, startedMs: performance.now(), done: 0, before: 0 };
    this.#moving.add(file);
    return {
      count: (source, from = 0) => this.#count(file, source, from),
      advance: (bytes) => this.#advance(file, bytes),
      close: () => this.#close(file),
    };
  }

  /** Takes the lines away; what is printed next has their place. */
  clear(): void {
    if (this.#visible && this.#lines > 0) process.stderr.write(`\r${up(this.#lines - 1)}\x1b[J`);
    this.#lines = 0;
  }

  async *#count(file: Moving, source: AsyncIterable<Uint8Array>, from: number): AsyncGenerator<Uint8Array> {
    [file.done, file.before] = [from, from];
    try {
      for await (const chunk of source) {
        this.#advance(file, chunk.length);
        yield chunk;
      }
    } finally {
      if (this.#moving.size <= 1) this.clear();
    }
  }

  #advance(file: Moving, bytes: number): void {
    file.done += bytes;
    this.#movedBytes += bytes;
    this.#draw();
  }

  #close(file: Moving): void {
    if (!this.#moving.delete(file)) return;
    this.#closed += 1;
    this.#closedBytes += file.total ?? file.done;
    this.#draw();
    if (this.#moving.size === 0) this.clear();
  }

  #draw(): void {
    const now = performance.now();
    if (!this.#visible || now - this.#drawnMs < REDRAW_MS) return;
    this.#drawnMs = now;
    const width = process.stderr.columns;
    const lines = this.#text(now).map((line) => [...line].slice(0, width - 1).join(""));
    this.clear();
    process.stderr.write(lines.join("\n"));
    this.#lines = lines.length;
  }

  #text(now: number): string[] {
    const files = [...this.#moving].slice(0, FILE_LINES).map((file) => {
      const seconds = (now - file.startedMs) / 1000;
      return progressLine(file.label, file.done, file.total, seconds, file.done - file.before);
    });
    if (this.#whole === null) return files;
    const done = [...this.#moving].reduce((sum, file) => sum + file.done, this.#closedBytes);
    const label = `${this.#closed} of ${this.#whole.files} files`;
    const seconds = (now - this.#startedMs) / 1000;
    return [progressLine(label, done, this.#whole.bytes, seconds, this.#movedBytes), ...files];
  }
}

function up(lines: number): string {
  return lines > 0 ? `\x1b[${lines}A` : "";
}

/**
 * `NAME  ███░░░ 42 %  10.0 MiB/s  3 s left`; without a known total only what was done. `moved`: of `done`, what was moved
 * in these seconds.
 */
export function progressLine(
  label: string,
  done: number,
  total: number | null,
  seconds: number,
  moved: number = done,
): string {
  const perSecond = moved / Math.max(seconds, 0.001);
  const speed = `${formatBytes(Math.round(perSecond))}/s`;
  if (total === null || total === 0) return `${label}  ${formatBytes(done)}  ${speed}`;
  const share = Math.min(done / total, 1);
  const filled = Math.round(share * BAR_CHARACTERS);
  const bar = "█".repeat(filled) + "░".repeat(BAR_CHARACTERS - filled);
  const left = moved === 0 ? "" : `  ${Math.round(Math.max(0, total - done) / perSecond)} s left`;
  return `${label}  ${bar} ${Math.floor(share * 100)} %  ${speed}${left}`;
}
