/** The network side of a download: claims a use of the link and brings its ciphertext, however often it takes. */
import type { ApiError, LinkClaim } from "../../../src/api/contract.ts";
import { toBase64Url } from "../../../src/core/bytes.ts";
import { DOWNLOAD_LIMITS } from "../../../src/core/limits.ts";
import type { Problem } from "../messages.ts";

/** Ends a download; the page has the words. */
export class DownloadProblem extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem);
    this.problem = problem;
  }
}

/**
 * Takes one use of the link by showing `proof` (32 bytes). Throws DownloadProblem: `claim-lost` wherever a use may have
 * been taken, as it is counted before its answer is sent.
 */
export async function claimLink(slug: string, proof: Uint8Array, needsPassword: boolean): Promise<LinkClaim> {
  const body = JSON.stringify({ proof: toBase64Url(proof) });
  const headers = { "content-type": "application/json" };
  const lost = (): never => {
    throw new DownloadProblem("claim-lost");
  };
  const asked = fetch(`/s/${slug}/claim`, { method: "POST", headers, body, cache: "no-store" });
  const response = await asked.catch(lost);
  if (response.ok) return response.json().catch(lost) as Promise<LinkClaim>;
  throw new DownloadProblem(await claimProblem(response, needsPassword));
}

const CLAIM_PROBLEMS: Readonly<Record<string, Problem>> = {
  unknown_link: "unknown",
  link_ended: "ended",
  link_used: "used",
  link_expired: "expired",
  too_many_attempts: "too-many-tries",
  too_many_downloads: "busy",
  too_many_requests: "busy",
};

async function claimProblem(response: Response, needsPassword: boolean): Promise<Problem> {
  const code = await errorCode(response);
  if (code === "link_wrong_proof") return needsPassword ? "wrong-password" : "wrong-link";
  return CLAIM_PROBLEMS[code] ?? "claim-lost";
}

async function errorCode(response: Response): Promise<string> {
  const answer = (await response.json().catch(() => null)) as ApiError | null;
  return answer?.error.code ?? "";
}

/**
 * Bytes `start` to `end` (exclusive) of the ciphertext, in pieces of any size. A broken or silent connection is opened
 * again where it broke, on the same lease; after several failures in a row `interrupted` is awaited first.
 * Throws DownloadProblem when the lease is over, or when the node has not as many bytes as it promised.
 */
export async function* sealedContent(
  slug: string,
  claim: LinkClaim,
  start: number,
  end: number,
  interrupted: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  let offset = start;
  let failures = 0;
  while (offset < end) {
    const connection = new AbortController();
    try {
      const response = await openContent(slug, claim, offset, end, connection.signal);
      for await (const bytes of piecesOf(response, connection)) {
        offset += bytes.length;
        failures = 0;
        yield bytes;
      }
    } catch (error) {
      if (error instanceof DownloadProblem) throw error;
    } finally {
      connection.abort();
    }
    // Also reached by a clean but early end, which some proxies make of a broken connection.
    if (offset >= end) return;
    failures++;
    if (failures <= DOWNLOAD_LIMITS.retries) await pause(DOWNLOAD_LIMITS.retryMs * 2 ** (failures - 1));
    else await interrupted();
  }
}

/** Throws DownloadProblem for what no retry can cure, and any other error for what it may. */
async function openContent(
  slug: string,
  claim: LinkClaim,
  offset: number,
  end: number,
  signal: AbortSignal,
): Promise<Response> {
  const headers = { "x-nocturne-lease": claim.lease, range: `bytes=${offset}-${end - 1}` };
  const response = await fetch(`/s/${slug}/content`, { headers, signal, cache: "no-store" });
  if (response.status === 206) {
    const wanted = `bytes ${offset}-${end - 1}/${claim.contentBytes}`;
    if (response.headers.get("content-range") !== wanted) throw new DownloadProblem("damaged");
    return response;
  }
  const code = await errorCode(response);
  if (code === "file_damaged" || code === "file_missing") throw new DownloadProblem("damaged");
  if (code === "file_gone") throw new DownloadProblem("gone");
  if (code === "link_ended") throw new DownloadProblem("ended");
  if (response.status >= 500 || response.status === 429) throw new Error("The node is not ready.");
  throw new DownloadProblem("lease-over");
}

/** The body's pieces. A connection that falls silent is given up; one that waits for the disk is not. */
async function* piecesOf(response: Response, connection: AbortController): AsyncGenerator<Uint8Array> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  for (;;) {
    const stall = setTimeout(() => connection.abort(), DOWNLOAD_LIMITS.stallMs);
    const { done, value } = await reader.read().finally(() => clearTimeout(stall));
    if (done) return;
    yield value;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
