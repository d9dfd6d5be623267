/**
 * The door of a node that keeps fragments, for whoever runs it: a Unix socket, 0600, in the node's folder.
 *
 *   GET  /status       OperatorStatus
 *   POST /voucher      {"owner", "bytes", "untilMs"} -> {"voucher": base64url}
 *   POST /disconnect   {"now": boolean} -> one LeaveProgress a line, until it may end; then the node ends
 */
import { once } from "node:events";
import { rm } from "node:fs/promises";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import * as v from "valibot";
import { toBase64Url } from "../core/bytes.ts";
import { InternalError, NocturneError, toNocturneError, UsageError } from "../core/errors.ts";
import { API_LIMITS } from "../core/limits.ts";
import type { MeshDaemon } from "../node/mesh-daemon.ts";
import { errorBody, statusOf } from "./errors.ts";
import { closeServer, createHttpServer, listenOnSocket } from "./listeners.ts";

const disconnectBody = v.object({ now: v.boolean() });
const voucherBody = v.object({ owner: v.string(), bytes: v.number(), untilMs: v.number() });

/** Throws InternalError `node_in_use` when another node answers there. */
export async function openMeshDoor(daemon: MeshDaemon, path: string): Promise<AsyncDisposable> {
  const listener: RequestListener = (request, response) => {
    answer(daemon, request, response).catch((error: unknown) => fail(response, error));
  };
  const server = await listenOnSocket(() => createHttpServer(listener), path).catch((error: unknown) => {
    throw error instanceof NocturneError && error.code === "vault_in_use" ? inUse(error) : error;
  });
  return {
    [Symbol.asyncDispose]: async () => {
      await closeServer(server);
      await rm(path, { force: true });
    },
  };
}

async function answer(daemon: MeshDaemon, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const call = `${request.method} ${request.url}`;
  if (call === "GET /status") response.end(JSON.stringify(daemon.status()));
  else if (call === "POST /voucher") response.end(JSON.stringify(await makeVoucher(daemon, await readJson(request))));
  else if (call === "POST /disconnect") await disconnect(daemon, await readJson(request), response);
  else throw new UsageError("unknown_call", "There is no such call.");
}

async function makeVoucher(daemon: MeshDaemon, body: unknown): Promise<{ readonly voucher: string }> {
  const { output, success } = v.safeParse(voucherBody, body);
  if (!success) throw new UsageError("bad_request", "This call takes an owner, bytes and a time.");
  return { voucher: toBase64Url(await daemon.voucher(output)) };
}

async function disconnect(daemon: MeshDaemon, body: unknown, response: ServerResponse): Promise<void> {
  const { output, success } = v.safeParse(disconnectBody, body);
  if (!success) throw new UsageError("bad_request", 'This call takes {"now": true or false}.');
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  for await (const progress of daemon.leave(output.now, gone.signal)) {
    if (!response.write(`${JSON.stringify(progress)}\n`)) await once(response, "drain", { signal: gone.signal });
  }
  response.end();
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8") as AsyncIterable<string>) {
    text += chunk;
    if (text.length > API_LIMITS.headerBytes) throw new UsageError("bad_request", "This is too long.");
  }
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function fail(response: ServerResponse, thrown: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const error = toNocturneError(thrown);
  response.writeHead(statusOf(error), { "content-type": "application/json" }).end(JSON.stringify(errorBody(error)));
}

function inUse(cause: Error): InternalError {
  return new InternalError("node_in_use", "A node is running in this data directory.", {
    hint: "Look with: nocturne-node status - or choose another folder with --data-dir.",
    cause,
  });
}
