/**
 * One call to the node: JSON in and out under /api, with the session's header.
 *
 *     call("POST", "/messages", body) -> parsed answer, or throws ApiFailure {code, message, hint, status}
 *
 * A messaging call acts for the persona of this tab. An answer that comes after the tab has changed to another one is
 * dropped (`acting_changed`), so that no continuation shows it there.
 *
 * An answer 401 means that the node no longer knows this session; 423 that the vault is locked. Both are
 * told to the listeners here, so that no scene has to handle them.
 */
import type { ApiError } from "../../src/api/contract.ts";
import { actingId } from "../stores/acting.ts";
import { currentSession, loseSession } from "../stores/session.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

type Words = Pick<ApiError["error"], "code" | "message" | "hint">;

/** What the node refused and why, in words that a person can be shown. `status` 0: no answer at all. */
export class ApiFailure extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly status: number;

  constructor(status: number, error: Words) {
    super(error.message);
    this.code = error.code;
    this.hint = error.hint;
    this.status = status;
  }

  /** Message and hint as one text, for beside a field. */
  get words(): string {
    return [this.message, this.hint].filter(Boolean).join(" ");
  }
}

const lockListeners = new Set<() => void>();

/** Called whenever the node answers that its vault is locked. */
export function onLocked(listener: () => void): void {
  lockListeners.add(listener);
}

/** Throws ApiFailure; resolves to undefined for an empty answer. */
export async function call<T>(
  method: Method,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
  more: Record<string, string> = {},
): Promise<T> {
  const persona = actingId();
  const isStale = (): boolean => persona !== actingId() && FOR_PERSONAS.test(path);
  try {
    const answer = await callAs<T>(persona, method, path, body, signal, more);
    if (!isStale()) return answer;
  } catch (error) {
    if (!isStale()) throw error;
  }
  throw changed();
}

/** The same for this persona (null: yourself), whoever acts when the answer comes. */
export async function callAs<T>(
  persona: string | null,
  method: Method,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
  more: Record<string, string> = {},
): Promise<T> {
  const answer = await send(persona, method, path, body, signal, more);
  const text = await answer.text();
  if (answer.ok) return (text === "" ? undefined : JSON.parse(text)) as T;
  throw failureOf(answer.status, text);
}

/** Fires a call that outlives the page: for work that was promised and must not be lost on a closed tab. */
export function callKeptAlive(method: Method, path: string, body?: unknown): void {
  const json = body === undefined ? {} : { "content-type": "application/json" };
  const headers = { ...sessionHeader(), ...personaHeader(actingId(), path), ...json };
  const init: RequestInit = { method, headers, keepalive: true };
  if (body !== undefined) init.body = JSON.stringify(body);
  void fetch(`/api${path}`, init);
}

/** Turns any refused answer into an ApiFailure, and tells the whole app of 401 and 423. */
export function failureOf(status: number, text: string): ApiFailure {
  if (status === 401) loseSession("expired");
  if (status === 423) for (const listener of lockListeners) listener();
  return new ApiFailure(status, readError(text));
}

/** The failure of a call that got no answer at all; also used where XMLHttpRequest says no more than "error". */
export function unreachable(): ApiFailure {
  return new ApiFailure(0, {
    code: "node_unreachable",
    message: "Nocturne does not answer on this machine.",
    hint: "Start it again with: nocturne start",
  });
}

/** Without a session the header is empty: the node then answers 401, which ends in the scene that explains it. */
export function sessionHeader(): Record<string, string> {
  return { "x-nocturne-session": currentSession() ?? "" };
}

/** The calls that the node takes for a persona; to all others it would refuse the header. */
const FOR_PERSONAS = /^\/(contacts|invites|conversations|messages|groups|inbox|search)(\/|\?|$)/;

function personaHeader(persona: string | null, path: string): Record<string, string> {
  return persona !== null && FOR_PERSONAS.test(path) ? { "x-nocturne-persona": persona } : {};
}

const CHANGED = "acting_changed";

function changed(): ApiFailure {
  return new ApiFailure(0, { code: CHANGED, message: "You act as somebody else now." });
}

/** True for an answer that was dropped because the tab acts as somebody else now: nobody waits for it. */
export function isDropped(error: unknown): boolean {
  return error instanceof ApiFailure && error.code === CHANGED;
}

/** Never a cookie and never the cache: what the node says is true now or not at all. */
async function send(
  persona: string | null,
  method: Method,
  path: string,
  body: unknown,
  signal: AbortSignal | undefined,
  more: Record<string, string>,
): Promise<Response> {
  const headers: Record<string, string> = { ...more, ...sessionHeader(), ...personaHeader(persona, path) };
  if (body !== undefined) headers["content-type"] = "application/json";
  const init: RequestInit = { method, headers, cache: "no-store" };
  if (body !== undefined) init.body = JSON.stringify(body);
  if (signal) init.signal = signal;
  try {
    return await fetch(`/api${path}`, init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw unreachable();
  }
}

/** The node's own words where there are any; a person never sees a stack, a status number or raw JSON. */
function readError(text: string): Words {
  try {
    const { error } = JSON.parse(text) as ApiError;
    if (typeof error.message === "string") return error;
  } catch {
    // Not JSON: a proxy or a crashed node spoke; the words below are then the best that can be said.
  }
  return {
    code: "unexpected_answer",
    message: "Nocturne gave an answer that this page does not understand.",
    hint: "Reload the page; if it happens again, run: nocturne doctor",
  };
}
