/**
 * Questions of private retrieval to one relay (NEP-14): each is sent once and answered once, or fails.
 *
 *   connection opens -> what waits is sent -> answer | CLOSED, connection lost, silence: a NetworkError
 *
 * None is sent again by itself: whoever asks again does so with a new query.
 */

import { concatBytes } from "../core/bytes.ts";
import { NetworkError } from "../core/errors.ts";
import { HEADER_BYTES, type HeaderFrame } from "../nostr/header-stream.ts";
import type { EpochVersion, PartName, RetrievalReply, RetrievalRequest } from "../nostr/retrieval.ts";
import { unreachable } from "./carrier.ts";
import { busy, type OpenRelay, refused } from "./publications.ts";
import type { RouteLimits } from "./relay-socket.ts";

export type Question =
  | { readonly type: "PIR-EPOCHS"; readonly from: number }
  | ({ readonly type: "PIR-HEADERS"; readonly count: number } & PartName)
  | ({ readonly type: "PIR"; readonly query: Uint8Array } & PartName);

/** What each gives: `PIR-HEADERS` 96 bytes a cell, of which nothing is proven. */
interface Answers {
  readonly "PIR-EPOCHS": readonly EpochVersion[];
  readonly "PIR-HEADERS": Uint8Array;
  readonly PIR: Uint8Array;
}

export type AnswerTo<Q extends Question> = Answers[Q["type"]];

interface Asked {
  readonly request: RetrievalRequest;
  /** Of headers, how many may come. */
  readonly headerBytes: number;
  readonly frames: Uint8Array[];
  readonly settle: (answer: Answers[keyof Answers] | NetworkError) => void;
  timer: NodeJS.Timeout | null;
}

const CODES: readonly string[] = ["pir_busy", "pir_epoch", "pir_query"];

export class Questions {
  readonly #limits: RouteLimits;
  readonly #open = new Map<string, Asked>();
  #relay: OpenRelay | null = null;
  #count = 0;

  constructor(limits: RouteLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#open.size;
  }

  /**
   * Asks as soon as there is a connection. Throws NetworkError `pir_busy`, `pir_epoch`, `pir_query` as the relay says,
   * `relay_refused`, `relay_unreachable`, `relay_silent` or `relay_busy`.
   */
  ask<Q extends Question>(question: Q): Promise<AnswerTo<Q>> {
    return new Promise((resolve, reject) => {
      if (this.#open.size >= this.#limits.questions) throw busy();
      const id = `p${++this.#count}`; // no name that anything else on the connection has
      const settle: Asked["settle"] = (answer) => {
        this.#open.delete(id);
        if (asked.timer) clearTimeout(asked.timer);
        if (answer instanceof NetworkError) reject(answer);
        else resolve(answer as AnswerTo<Q>);
      };
      const headerBytes = question.type === "PIR-HEADERS" ? question.count * HEADER_BYTES : 0;
      const asked: Asked = { request: requestOf(question, id), headerBytes, frames: [], settle, timer: null };
      this.#open.set(id, asked);
      this.#expect(asked);
      this.#send(asked);
    });
  }

  attach(relay: OpenRelay): void {
    this.#relay = relay;
    for (const asked of this.#open.values()) this.#send(asked);
  }

  /** The connection is lost, or could not be made. */
  detach(cause?: unknown): void {
    this.#relay = null;
    for (const { settle } of this.#open.values()) settle(unreachable(cause));
  }

  answered(reply: RetrievalReply): void {
    const asked = this.#open.get(reply.id);
    if (asked?.request.type !== reply.type) return;
    asked.settle(reply.type === "PIR" ? reply.answer : reply.versions);
  }

  /** A frame of headers. */
  received({ id, headers }: HeaderFrame): void {
    const asked = this.#open.get(id);
    if (asked?.request.type !== "PIR-HEADERS") return;
    asked.frames.push(headers);
    const bytes = asked.frames.reduce((sum, { length }) => sum + length, 0);
    if (bytes > asked.headerBytes) asked.settle(wrong());
    else this.#expect(asked);
  }

  /** EOSE. */
  ended(id: string): void {
    const asked = this.#open.get(id);
    if (asked?.request.type !== "PIR-HEADERS") return;
    const headers = concatBytes(...asked.frames);
    asked.settle(headers.length === asked.headerBytes ? headers : wrong());
  }

  /** CLOSED. */
  closed(id: string, reason: string): void {
    this.#open.get(id)?.settle(refusalOf(reason));
  }

  #send({ request, settle }: Asked): void {
    const sent = this.#relay?.socket.send(request) ?? true;
    if (!sent) settle(busy());
  }

  #expect(asked: Asked): void {
    if (asked.timer) clearTimeout(asked.timer);
    asked.timer = setTimeout(() => asked.settle(silent()), this.#limits.retrievalMs);
  }
}

function requestOf(question: Question, id: string): RetrievalRequest {
  const { type } = question;
  if (type === "PIR-EPOCHS") return { type, id, from: question.from };
  const { epoch, part, digest } = question;
  if (type === "PIR-HEADERS") return { type, id, epoch, part, digest };
  return { type, id, epoch, part, digest, query: question.query };
}

/** Of the relay's words only a known code is repeated. */
function refusalOf(reason: string): NetworkError {
  const code = CODES.find((known) => reason.startsWith(`${known}:`));
  if (code === undefined) return refused(reason);
  return new NetworkError(code, "The relay does not answer this query.", {
    hint: "Ask again later, with a new query.",
  });
}

function silent(): NetworkError {
  return new NetworkError("relay_silent", "The relay did not answer in time.", {
    hint: "It may not know private retrieval, or have too much to do. Choose another relay.",
  });
}

function wrong(): NetworkError {
  return new NetworkError("pir_answer", "The relay answered with something else than was asked.", {
    hint: "Choose another relay.",
  });
}
