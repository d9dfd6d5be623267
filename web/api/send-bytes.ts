/**
 * Sends bytes as a raw body. XMLHttpRequest, because `fetch` cannot tell how much of a body has left; the browser streams
 * a file from disk, so no size is too large.
 */
import { failureOf, type Method, sessionHeader, unreachable } from "./client.ts";

export interface SendBytes {
  readonly headers?: Readonly<Record<string, string>>;
  readonly onProgress: (sentBytes: number) => void;
  readonly signal: AbortSignal;
}

/** Resolves to the parsed answer; rejects with ApiFailure, or with an AbortError after `signal`. */
export function sendBytes<T>(method: Method, path: string, body: Blob, options: SendBytes): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const { headers = {}, onProgress, signal } = options;
  const request = new XMLHttpRequest();
  request.open(method, `/api${path}`);
  const all = { ...sessionHeader(), "content-type": "application/octet-stream", ...headers };
  for (const [name, value] of Object.entries(all)) request.setRequestHeader(name, value);
  request.upload.addEventListener("progress", ({ loaded }) => onProgress(Math.min(loaded, body.size)));
  request.addEventListener("load", () => {
    const ok = request.status >= 200 && request.status < 300;
    if (ok) resolve(JSON.parse(request.responseText) as T);
    else reject(failureOf(request.status, request.responseText));
  });
  const aborted = (): DOMException => new DOMException("The upload was stopped.", "AbortError");
  request.addEventListener("error", () => reject(unreachable()));
  request.addEventListener("abort", () => reject(aborted()));
  if (signal.aborted) reject(aborted());
  else {
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(body);
  }
  return promise;
}
