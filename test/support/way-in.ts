/** A way in to a node from elsewhere over plain HTTP, as an onion service is one; it can be made to break off. */
import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

export interface WayIn {
  readonly port: number;
  /** Bytes of answers that went through. */
  bytes(): number;
}

/** To the node at `nodePort` of this machine. After `stallBytes` bytes nothing more comes, and nothing says so. */
export async function openWayIn(
  t: TestContext,
  nodePort: number,
  stallBytes: number = Number.POSITIVE_INFINITY,
): Promise<WayIn> {
  const host = `localhost:${nodePort}`;
  let bytes = 0;
  const proxy = createServer((request, response) => {
    const headers = { ...request.headers, host, ...(request.headers.origin ? { origin: `http://${host}` } : {}) };
    const { method, url: path } = request;
    const onward = httpRequest({ host: "127.0.0.1", port: nodePort, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on("data", (piece: Buffer) => {
        if (bytes + piece.length > stallBytes) return answer.pause();
        bytes += piece.length;
        return response.write(piece);
      });
      answer.on("end", () => response.end());
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  });
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  t.after(() => proxy.close().closeAllConnections());
  return { port: (proxy.address() as AddressInfo).port, bytes: () => bytes };
}
