/**
 * A real node with its API inside the test's own process, and the ways to talk to it: as the signed-in
 * page would (`call`), as somebody who chooses every byte (`exchange`), and over the Unix socket (`callSocket`).
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiOptions, openApi } from "../../src/api/server.ts";
import { type Config, readConfig } from "../../src/node/config.ts";
import { type RunningNode, startNode } from "../../src/node/node.ts";
import type { StartMesh } from "../../src/node/mesh.ts";
import type { Services } from "../../src/node/services.ts";

export interface Answer<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

export interface ApiNode extends RunningNode {
  readonly config: Config;
  readonly port: number;
  readonly session: string;
  /** A call with the session; objects travel as JSON, JSON answers come parsed and other ones as text. */
  call<T = unknown>(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<T>>;
}

export interface ApiNodeOptions extends ApiOptions {
  /** Methods in the place of those of the node's own routes. */
  readonly network?: Partial<Services["network"]>;
  readonly startMesh?: StartMesh;
}

/** Outside the test's folder nothing is left; end it with `close`, which also removes the folder if it was made here. */
export async function startApiNode(
  config: Partial<Config> = {},
  { network, startMesh, ...options }: ApiNodeOptions = {},
): Promise<ApiNode> {
  const made = config.dataDir === undefined ? mkdtempSync(join(tmpdir(), "nocturne-")) : null;
  const whole = { ...testConfig(config.dataDir ?? join(made as string, "data")), ...config };
  const openFace = (services: Services): ReturnType<typeof openApi> => {
    Object.assign(services.network, network);
    return openApi(services, options);
  };
  const node = await startNode(whole, openFace, startMesh ? { startMesh } : {});
  const { port, origin } = new URL(node.url);
  const token = new URL(node.url).hash.slice("#token=".length);
  const call: ApiNode["call"] = async (method, path, body, headers = {}) => {
    const isJson = body !== undefined && !(body instanceof Uint8Array) && typeof body !== "string";
    const response = await fetch(origin + path, {
      method,
      headers: { "x-nocturne-session": session, ...(isJson ? { "content-type": "application/json" } : {}), ...headers },
      ...(body === undefined
        ? {}
        : { body: isJson ? JSON.stringify(body) : (body as string | Uint8Array<ArrayBuffer>) }),
    });
    const text = await response.text();
    const type = response.headers.get("content-type") ?? "";
    return {
      status: response.status,
      headers: response.headers,
      body: type.includes("/json") ? JSON.parse(text) : text,
    };
  };
  let session = "";
  session = (await call<{ session: string }>("POST", "/api/session", { token })).body.session;
  const close = async (): Promise<void> => {
    await node.close();
    if (made !== null) rmSync(made, { recursive: true, force: true });
  };
  return { ...node, config: whole, port: Number(port), session, call, close };
}

/** What no flag and no environment says, on any free ports, without cover: tests that are not about it need not wait. */
export function testConfig(dataDir: string): Config {
  return { ...readConfig({ dataDir, cover: "fast" }, {}), port: 0, relayPort: 0, logLevel: "error" };
}

/** Sends these bytes to an address of this machine and reads until the other side closes. */
export async function exchange(port: number, text: string, host = "127.0.0.1"): Promise<string> {
  const socket = connect({ port, host });
  socket.write(text);
  const received = await socket.setEncoding("utf8").toArray();
  return received.join("");
}

/** The status of a request that consists of exactly these lines, and the whole answer. */
export async function sendLines(port: number, ...lines: readonly string[]): Promise<{ status: number; text: string }> {
  const text = await exchange(port, [...lines, "Connection: close", "", ""].join("\r\n"));
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);
  assert.ok(status > 0, `no answer: ${text}`);
  return { status, text };
}

/** A call over the Unix socket, without any session. */
export async function callSocket<T>(path: string, method: string, target: string, body?: unknown): Promise<Answer<T>> {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const outgoing = request({ socketPath: path, method, path: target, headers, agent: false });
  outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
  const text = (await incoming.setEncoding("utf8").toArray()).join("");
  const isJson = incoming.headers["content-type"]?.includes("/json") ?? false;
  const answered = new Headers(incoming.headers as Record<string, string>);
  return { status: incoming.statusCode ?? 0, headers: answered, body: isJson ? JSON.parse(text) : text };
}
