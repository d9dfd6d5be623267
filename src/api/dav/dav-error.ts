/**
 * Refusals as WebDAV says them: a status, and either a plain sentence or the condition that was not met
 * (RFC 4918 section 16), which file managers read.
 */
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { InternalError, LockedError, type NocturneError, ValidationError } from "../../core/errors.ts";
import { GuardError, statusOf } from "../errors.ts";
import { escapeXml } from "./xml-text.ts";

/** Conditions of RFC 4918 that we name, and the paths that are to blame. */
export interface Condition {
  readonly name:
    | "lock-token-submitted"
    | "no-conflicting-lock"
    | "lock-token-matches-request-uri"
    | "propfind-finite-depth"
    | "cannot-modify-protected-property";
  readonly hrefs?: readonly string[];
}

export class DavError extends GuardError {
  readonly condition: Condition | null;

  constructor(status: ContentfulStatusCode, code: string, message: string, condition: Condition | null = null) {
    super(status, code, message);
    this.condition = condition;
  }
}

/** Where WebDAV has another word for a failure than the API; "locked" there means a lock on one file. */
const STATUS_OF_CODE: Record<string, ContentfulStatusCode> = {
  file_password_needed: 403,
  folder_into_itself: 403,
  name_taken: 405,
  unknown_folder: 409,
  too_many_files: 507,
  too_many_folders: 507,
  too_many_properties: 507,
  folder_too_deep: 403,
};

export function davStatusOf(error: NocturneError): ContentfulStatusCode {
  if (error instanceof LockedError) return 503;
  if (error instanceof InternalError || error instanceof ValidationError) {
    return STATUS_OF_CODE[error.code] ?? statusOf(error);
  }
  return statusOf(error);
}

export function davErrorBody(error: NocturneError): { readonly type: string; readonly text: string } {
  if (error instanceof DavError && error.condition !== null) {
    const { name, hrefs = [] } = error.condition;
    const inside = hrefs.map((href) => `<D:href>${escapeXml(href)}</D:href>`).join("");
    const text = `<?xml version="1.0" encoding="utf-8"?>\n<D:error xmlns:D="DAV:"><D:${name}>${inside}</D:${name}></D:error>`;
    return { type: "application/xml; charset=utf-8", text };
  }
  const hint = error.hint === undefined ? "" : ` ${error.hint}`;
  return { type: "text/plain; charset=utf-8", text: `${error.message}${hint}\n` };
}
