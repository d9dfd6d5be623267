/** The questions of one connection: so many at a time, each answered once. */

import { NocturneError } from "../../core/errors.ts";
import { RELAY_LIMITS } from "../../core/limits.ts";
import { encodeHeaderFrame, HEADER_BYTES } from "../../nostr/header-stream.ts";
import { encodeRelayMessage, type RelayMessage } from "../../nostr/relay-message.ts";
import type { RetrievalRequest } from "../../nostr/retrieval.ts";
import type { Connection } from "../connection.ts";
import type { RelayLimits } from "../relay-info.ts";
import type { Retrieval } from "./retrieval.ts";

/** An epoch's headers come in one go: no cursor leads back to them. */
const NO_CURSOR = "00".repeat(16);
const FRAME_BYTES: number = RELAY_LIMITS.headersPerFrame * HEADER_BYTES;

export class Questions {
  readonly #retrieval: Retrieval;
  readonly #connection: Connection;
  readonly #limits: RelayLimits;
  #open = 0;

  constructor(retrieval: Retrieval, connection: Connection, limits: RelayLimits) {
    this.#retrieval = retrieval;
    this.#connection = connection;
    this.#limits = limits;
  }

  async ask(request: RetrievalRequest): Promise<void> {
    if (this.#open >= this.#limits.questionsPerConnection) {
      return this.#refuse(request.id, `pir_busy: more than ${this.#limits.questionsPerConnection} questions at once`);
    }
    this.#open++;
    try {
      await this.#answer(request);
    } catch (error) {
      const reason = error instanceof NocturneError ? `${error.code}: ${error.message}` : "error: it failed";
      this.#refuse(request.id, reason);
    } finally {
      this.#open--;
    }
  }

  async #answer(request: RetrievalRequest): Promise<void> {
    const { type, id } = request;
    if (type === "PIR-EPOCHS") return this.#say({ type, id, versions: this.#retrieval.versions(request.from) });
    if (type === "PIR-HEADERS") return this.#tellHeaders(id, this.#retrieval.headers(request));
    this.#say({ type, id, answer: await this.#retrieval.answer(request, request.query) });
  }

  /** One frame at a time, as fast as they are read. */
  async #tellHeaders(id: string, headers: Uint8Array): Promise<void> {
    for (let at = 0; at < headers.length && this.#connection.open; at += FRAME_BYTES) {
      const frame = { id, cursor: NO_CURSOR, headers: headers.subarray(at, at + FRAME_BYTES) };
      await this.#connection.sendAll([encodeHeaderFrame(frame)]);
    }
    this.#say({ type: "EOSE", id });
  }

  #refuse(id: string, reason: string): void {
    this.#say({ type: "CLOSED", id, reason });
  }

  #say(message: RelayMessage): void {
    this.#connection.send(encodeRelayMessage(message));
  }
}
