/**
 * What a client and a relay say to each other: JSON lists over a WebSocket (NIP-01, NIP-42, NEP-13; of NEP-14: retrieval.ts).
 *
 *   client   ["EVENT", event]   ["REQ", id, filter, ...]   ["CLOSE", id]   ["AUTH", event]   ["HEADERS", id, start]
 *   relay    ["EVENT", id, event]   ["EOSE", id]   ["CLOSED", id, reason]   ["OK", event id, accepted, reason]
 *            ["NOTICE", text]   ["AUTH", challenge]
 *
 * A reason begins with a word for programs: `invalid: ...`, `auth-required: ...`.
 */

import { utf8Encode } from "../core/bytes.ts";
import { CodecError } from "../core/errors.ts";
import { RELAY_LIMITS } from "../core/limits.ts";
import { type EventLimits, isHex, type NostrEvent, parseEvent } from "./event.ts";
import { type Filter, type FilterLimits, parseFilter } from "./filter.ts";
import { encodeHeaderRequest, type HeaderRequest, parseHeaderRequest } from "./header-stream.ts";
import {
  encodeRetrievalReply,
  encodeRetrievalRequest,
  parseRetrievalReply,
  parseRetrievalRequest,
  type RetrievalReply,
  type RetrievalRequest,
} from "./retrieval.ts";

export type ClientMessage =
  | { readonly type: "EVENT"; readonly event: NostrEvent }
  | { readonly type: "AUTH"; readonly event: NostrEvent }
  | { readonly type: "REQ"; readonly id: string; readonly filters: readonly Filter[] }
  | { readonly type: "HEADERS"; readonly id: string; readonly start: HeaderRequest }
  | { readonly type: "CLOSE"; readonly id: string }
  | RetrievalRequest;

/** A client message that is wrong but says what it is about, so that the answer can name it. */
export interface InvalidMessage {
  readonly type: "INVALID";
  readonly answer: "OK" | "CLOSED";
  /** An event's id for OK, a subscription's for CLOSED. */
  readonly id: string;
  readonly reason: string;
}

export type RelayMessage =
  | { readonly type: "EVENT"; readonly id: string; readonly event: NostrEvent }
  | { readonly type: "EOSE"; readonly id: string }
  | { readonly type: "CLOSED"; readonly id: string; readonly reason: string }
  | { readonly type: "OK"; readonly id: string; readonly accepted: boolean; readonly reason: string }
  | { readonly type: "NOTICE"; readonly text: string }
  | { readonly type: "AUTH"; readonly challenge: string }
  | RetrievalReply;

export type MessageLimits = EventLimits &
  FilterLimits &
  Readonly<Record<"subscriptionIdBytes" | "filtersPerRequest", number>>;

/** Throws CodecError `bad_message` for a text that cannot even be answered by name. */
export function parseClientMessage(text: string, limits: MessageLimits = RELAY_LIMITS): ClientMessage | InvalidMessage {
  const [type, first, ...rest] = parseList(text);
  switch (type) {
    case "EVENT":
    case "AUTH":
      return answerable("OK", eventIdOf(first), () => ({ type, event: parseEvent(first, limits) }));
    case "REQ": {
      const id = readSubscriptionId(first, limits);
      return answerable("CLOSED", id, () => ({ type, id, filters: readFilters(rest, limits) }));
    }
    case "HEADERS": {
      const id = readSubscriptionId(first, limits);
      return answerable("CLOSED", id, () => ({ type, id, start: parseHeaderRequest(rest[0]) }));
    }
    case "PIR-EPOCHS":
    case "PIR-HEADERS":
    case "PIR": {
      const id = readSubscriptionId(first, limits);
      return answerable("CLOSED", id, () => parseRetrievalRequest(type, id, rest));
    }
    case "CLOSE":
      return { type, id: readSubscriptionId(first, limits) };
    default:
      throw badMessage("its type is not supported");
  }
}

/** Throws CodecError `bad_message`, `bad_event`, `bad_retrieval` or `bad_base64`. */
export function parseRelayMessage(text: string): RelayMessage {
  const [type, first, second, third] = parseList(text);
  switch (type) {
    case "EVENT":
      return { type, id: readText(first), event: parseEvent(second) };
    case "EOSE":
      return { type, id: readText(first) };
    case "CLOSED":
      return { type, id: readText(first), reason: readOptionalText(second) };
    case "OK":
      if (typeof second !== "boolean") throw badMessage("it does not say whether the event was accepted");
      return { type, id: readText(first), accepted: second, reason: readOptionalText(third) };
    case "NOTICE":
      return { type, text: readText(first) };
    case "AUTH":
      return { type, challenge: readText(first) };
    case "PIR-EPOCHS":
    case "PIR":
      return parseRetrievalReply(type, readText(first), second);
    default:
      throw badMessage("its type is not supported");
  }
}

export function encodeClientMessage(message: ClientMessage): string {
  if (message.type === "REQ") return JSON.stringify(["REQ", message.id, ...message.filters]);
  if (message.type === "HEADERS") return encodeHeaderRequest(message.id, message.start);
  if (message.type === "CLOSE") return JSON.stringify(["CLOSE", message.id]);
  if (message.type === "EVENT" || message.type === "AUTH") return JSON.stringify([message.type, message.event]);
  return encodeRetrievalRequest(message);
}

export function encodeRelayMessage(message: RelayMessage): string {
  const { type } = message;
  if (type === "NOTICE") return JSON.stringify([type, message.text]);
  if (type === "AUTH") return JSON.stringify([type, message.challenge]);
  if (type === "EOSE") return JSON.stringify([type, message.id]);
  if (type === "EVENT") return JSON.stringify([type, message.id, message.event]);
  if (type === "CLOSED") return JSON.stringify([type, message.id, message.reason]);
  if (type === "OK") return JSON.stringify([type, message.id, message.accepted, message.reason]);
  return encodeRetrievalReply(message);
}

function parseList(text: string): unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The cause would repeat the text.
    throw badMessage("it is not JSON");
  }
  if (!Array.isArray(value)) throw badMessage("it is not a list");
  return value;
}

/** The parsed message, or the invalid one that names `id`; with nothing to name, the error goes on. */
function answerable(
  answer: InvalidMessage["answer"],
  id: string | null,
  parse: () => ClientMessage,
): ClientMessage | InvalidMessage {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof CodecError) || id === null) throw error;
    return { type: "INVALID", answer, id, reason: error.message };
  }
}

function eventIdOf(value: unknown): string | null {
  const id = (value as { id?: unknown } | null | undefined)?.id;
  return isHex(id, 32) ? id : null;
}

function readSubscriptionId(value: unknown, limits: MessageLimits): string {
  if (typeof value !== "string" || value === "" || !value.isWellFormed()) throw badMessage("it names no subscription");
  if (utf8Encode(value).length > limits.subscriptionIdBytes) throw badMessage("the subscription id is too long");
  return value;
}

function readFilters(values: readonly unknown[], limits: MessageLimits): Filter[] {
  if (values.length === 0) throw new CodecError("bad_filter", "This request has no filter.");
  if (values.length > limits.filtersPerRequest) {
    throw new CodecError("bad_filter", `This request has more than ${limits.filtersPerRequest} filters.`);
  }
  return values.map((value) => parseFilter(value, limits));
}

function readText(value: unknown): string {
  if (typeof value !== "string") throw badMessage("a text is missing");
  return value;
}

function readOptionalText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function badMessage(reason: string): CodecError {
  return new CodecError("bad_message", `This is not a valid relay message: ${reason}.`);
}
