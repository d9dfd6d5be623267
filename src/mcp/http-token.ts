/** The token of the tools over HTTP: <data-dir>/agent/mcp-token, for this user alone, made at the first time. */
import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { toBase64Url } from "../core/bytes.ts";
import { InternalError, isSystemError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";

const TOKEN_BYTES = 32;
const TOKEN = /^[\w-]{43}$/;

export function httpTokenPath(dataDir: string): string {
  return join(dataDir, "agent", "mcp-token");
}

/** Throws InternalError `bad_token_file` for one that holds something else. */
export async function httpToken(dataDir: string): Promise<string> {
  const path = httpTokenPath(dataDir);
  await mkdir(join(dataDir, "agent"), { recursive: true, mode: 0o700 });
  // Made whole and only where there is none, so that two programs that start at once have the same.
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, toBase64Url(randomBytes(TOKEN_BYTES)), { mode: 0o600 });
  try {
    await link(draft, path);
  } catch (error) {
    if (!isSystemError(error) || error.code !== "EEXIST") throw error;
  } finally {
    await rm(draft, { force: true });
  }
  const token = (await readFile(path, "utf8")).trim();
  if (TOKEN.test(token)) return token;
  throw new InternalError("bad_token_file", "The file with the token of the tools is damaged.", {
    hint: `Remove ${path}, and it is made anew.`,
  });
}
