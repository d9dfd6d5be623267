/**
 * A file as it is shown in the page.
 *
 *     text                        its first bytes, decoded here and put in the page as text, never as HTML
 *     image, audio, video, pdf    an address that elements of the page read, in parts, until it is closed
 *
 * Throws ApiFailure, for example for a wrong password.
 */
import type { FileView, PreviewKind, PreviewTicket } from "../../src/api/contract.ts";
import { call, callKeptAlive, failureOf, sessionHeader, unreachable } from "./client.ts";

export type ShownFile =
  | { readonly kind: "text"; readonly text: string; readonly isWhole: boolean }
  | { readonly kind: Exclude<PreviewKind, "text">; readonly url: string; readonly close: () => void };

export interface ShowOptions {
  readonly password?: string | undefined;
  readonly version?: string | undefined;
}

/** What a page shows of a text: more makes a browser slow, and nobody reads it there. */
const TEXT_BYTES = 262_144; // 256 KiB

/** `bytes` are those of the version that is shown. */
export async function showFile(
  file: FileView,
  kind: PreviewKind,
  bytes: number,
  options: ShowOptions,
): Promise<ShownFile> {
  if (kind === "text")
    return { kind, ...decode(await firstBytes(file.id, bytes, options)), isWhole: bytes <= TEXT_BYTES };
  const { ticket, preview } = await call<PreviewTicket>("POST", `/files/${file.id}/preview`, bodyOf(options));
  const path = `/files/preview/${ticket}`;
  return {
    kind: preview as Exclude<PreviewKind, "text">,
    url: `/api${path}`,
    close: () => callKeptAlive("DELETE", path),
  };
}

function bodyOf({ password, version }: ShowOptions): Record<string, string> {
  return { ...(password ? { password } : {}), ...(version ? { version } : {}) };
}

async function firstBytes(id: string, bytes: number, options: ShowOptions): Promise<Uint8Array> {
  const range: Record<string, string> = bytes > 0 ? { range: `bytes=0-${Math.min(bytes, TEXT_BYTES) - 1}` } : {};
  const headers = { ...sessionHeader(), "content-type": "application/json", ...range };
  const body = JSON.stringify(bodyOf(options));
  const answer = await fetch(`/api/files/${id}/content`, { method: "POST", headers, body, cache: "no-store" }).catch(
    () => {
      throw unreachable();
    },
  );
  if (!answer.ok) throw failureOf(answer.status, await answer.text());
  return new Uint8Array(await answer.arrayBuffer());
}

/** UTF-8, or UTF-16 where a mark at the beginning says so. A letter that the cut went through is left out. */
function decode(bytes: Uint8Array): { text: string } {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
  return { text: new TextDecoder(encoding).decode(bytes, { stream: true }) };
}
