/**
 * Who may use the tools over HTTP. They listen on this machine only, yet every web page that the person visits can send requests to
 * this machine, and so can every program of every user of it:
 *
 *     wrong Host       403   DNS rebinding: evil.test resolves to 127.0.0.1
 *     foreign page     403   a page elsewhere, or on another port here
 *     other path       404
 *     wrong token      401   another user of this machine
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

export const MCP_PATH = "/mcp";

export interface Refused {
  readonly status: 401 | 403 | 404;
  readonly message: string;
}

/** Null when the request may go on. Nothing of it but the headers has been read. */
export function judgeCall({ url, headers }: IncomingMessage, port: number, token: string): Refused | null {
  const hosts = ["127.0.0.1", "localhost"].map((name) => `${name}:${port}`);
  const host = headers.host?.toLowerCase() ?? "";
  if (!hosts.includes(host)) return { status: 403, message: "This address does not belong to Nocturne." };
  const isForeign = headers.origin !== undefined && headers.origin !== `http://${host}`;
  if (isForeign) return { status: 403, message: "Another web page may not use Nocturne." };
  if (url !== MCP_PATH) return { status: 404, message: `There is ${MCP_PATH} here, and nothing else.` };
  if (!isToken(headers.authorization ?? "", token)) return { status: 401, message: "The token is missing or wrong." };
  return null;
}

/** Takes as long for a token that is nearly right as for any other. */
function isToken(authorization: string, token: string): boolean {
  const [, shown = ""] = /^bearer +(\S+)$/i.exec(authorization) ?? [];
  return timingSafeEqual(sha256(shown), sha256(token));
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
