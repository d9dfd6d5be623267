/** The password of a file that is being put in, beside a body that is the file itself. */
import { fromBase64Url, utf8Decode } from "../core/bytes.ts";
import { UsageError } from "../core/errors.ts";

export const PASSWORD_HEADER = "x-nocturne-password";

/** base64url of UTF-8, because a header carries no other letters than Latin ones. */
export function readPassword(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  try {
    return utf8Decode(fromBase64Url(header));
  } catch {
    throw new UsageError("bad_request", `The header ${PASSWORD_HEADER} is not base64url of UTF-8 text.`);
  }
}
