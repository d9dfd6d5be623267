/** A progress line on stderr for long work; silent where nobody watches. */

import process from "node:process";
import { formatBytes } from "./output.ts";
import { plainLine } from "./plain-text.ts";

const REDRAW_MS = 100;
const BAR_CHARACTERS = 24;

/** Counts a stream and draws at most ten lines a second, so that a fast disk is not held up by the terminal. */
export class Progress {
  readonly #label: string;
  readonly #total: number | null;
  readonly #visible: boolean;
  readonly #startedMs: number = performance.now();
  #done = 0;
  #drawnMs = 0;

  constructor(label: string, total: number | null, visible: boolean) {
    this.#label = plainLine(label);
    this.#total = total;
    this.#visible = visible && process.stderr.isTTY;
  }

  /** Passes a stream through and counts it. */
  async *count(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of source) {
        this.advance(chunk.length);
        yield chunk;
      }
    } finally {
      this.end();
    }
  }

  /** Takes the line away. */
  end(): void {
    if (this.#visible) process.stderr.write("\r\x1b[K");
  }

  /** Counts so many bytes more. */
  advance(bytes: number): void {
    this.#done += bytes;
    const now = performance.now();
    if (!this.#visible || now - this.#drawnMs < REDRAW_MS) return;
    this.#drawnMs = now;
    const seconds = (now - this.#startedMs) / 1000;
    process.stderr.write(`\r\x1b[K${progressLine(this.#label, this.#done, this.#total, seconds)}`);
  }
}

/** `NAME  ███░░░ 42 %  10.0 MiB/s  3 s left`; without a known total only what was done. */
export function progressLine(label: string, done: number, total: number | null, seconds: number): string {
  const speed = `${formatBytes(Math.round(done / Math.max(seconds, 0.001)))}/s`;
  if (total === null || total === 0) return `${label}  ${formatBytes(done)}  ${speed}`;
  const share = Math.min(done / total, 1);
  const filled = Math.round(share * BAR_CHARACTERS);
  const bar = "█".repeat(filled) + "░".repeat(BAR_CHARACTERS - filled);
  const left = share === 0 ? "" : `  ${Math.round((seconds / share) * (1 - share))} s left`;
  return `${label}  ${bar} ${Math.floor(share * 100)} %  ${speed}${left}`;
}
