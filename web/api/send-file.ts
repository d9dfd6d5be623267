/**
 * Sends one file to the library as a raw body. XMLHttpRequest, because `fetch` cannot tell how much of
 * a body has left; the browser streams the file from disk, so no size is too large.
 */
import type { FileView } from "../../src/api/contract.ts";
import type { UploadOptions } from "../stores/uploads.ts";
import { failureOf, sessionHeader, unreachable } from "./client.ts";

/** Resolves to the library entry; rejects with ApiFailure, or with an AbortError after `signal`. */
export function sendFile(
  file: File,
  options: UploadOptions,
  onProgress: (sentBytes: number) => void,
  signal: AbortSignal,
): Promise<FileView> {
  const { promise, resolve, reject } = Promise.withResolvers<FileView>();
  const request = new XMLHttpRequest();
  const { cipher, folder, taken } = options;
  const query = new URLSearchParams({ name: file.name, cipher, folder, taken });
  request.open("PUT", `/api/files?${query.toString()}`);
  for (const [name, value] of Object.entries(headersOf(options))) request.setRequestHeader(name, value);
  request.upload.addEventListener("progress", ({ loaded }) => onProgress(Math.min(loaded, file.size)));
  request.addEventListener("load", () => {
    const ok = request.status >= 200 && request.status < 300;
    if (ok) resolve(JSON.parse(request.responseText) as FileView);
    else reject(failureOf(request.status, request.responseText));
  });
  request.addEventListener("error", () => reject(unreachable()));
  request.addEventListener("abort", () => reject(new DOMException("The upload was cancelled.", "AbortError")));
  signal.addEventListener("abort", () => request.abort());
  request.send(file);
  return promise;
}

/** The password travels in a header, never in the URL, and only when there is one. */
function headersOf(options: UploadOptions): Record<string, string> {
  const headers = { ...sessionHeader(), "content-type": "application/octet-stream" };
  return options.password === "" ? headers : { ...headers, "x-nocturne-password": toBase64Url(options.password) };
}

/** UTF-8 in base64url without padding: a header carries ASCII only. */
function toBase64Url(text: string): string {
  const binary = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
