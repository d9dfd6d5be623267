/** A call of an agent's local API with any headers, as some other program, or a page, would make it. */
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";

export interface Call {
  readonly method?: string;
  readonly path: string;
  readonly json?: unknown;
  /** Instead of JSON. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

export interface Refusal {
  readonly error: { readonly code: string; readonly message: string };
}

export async function callAgent<T>(port: number, { method = "GET", path, ...call }: Call): Promise<Answer<T>> {
  const { json, text = json === undefined ? undefined : JSON.stringify(json), headers = {} } = call;
  const outgoing = request({ host: "127.0.0.1", port, method, path, headers, agent: false });
  outgoing.end(text);
  const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
  const whole = Buffer.concat(await incoming.toArray()).toString();
  return { status: incoming.statusCode ?? 0, body: JSON.parse(whole) as T };
}
