/** A SAM bridge that says what a test wants: a router that lies, or is silent, or has gone. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { I2P_LIMITS } from "../../src/core/route-limits.ts";
import type { SamLimits, SamPlace } from "../../src/route/i2p/sam-client.ts";

export interface SamBridge {
  readonly place: SamPlace;
  /** What it was asked, in order, on all connections. */
  readonly asked: readonly string[];
  /** Ends all connections, and takes none any more. */
  stop(): Promise<void>;
}

/** What it writes back for a line; null for nothing. */
export type SamAnswer = (line: string, socket: Socket) => string | null;

const GREETING = "HELLO REPLY RESULT=OK VERSION=3.1\n";

/** It says yes to everything, unless `answer` says something else. */
export async function startSamBridge(
  t: TestContext,
  answer: SamAnswer = sayYes,
  limits: Partial<SamLimits> = {},
): Promise<SamBridge> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
    let text = "";
    const read = (bytes: Buffer): void => {
      text += bytes.toString();
      for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
        const line = text.slice(0, end);
        text = text.slice(end + 1);
        asked.push(line);
        const reply = answer(line, socket);
        if (reply !== null) socket.write(reply);
      }
    };
    socket.on("data", read);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  t.after(stop);
  const { port } = server.address() as AddressInfo;
  return { place: { host: "127.0.0.1", port, limits: { ...I2P_LIMITS, ...limits } }, asked, stop };
}

export function sayYes(line: string): string | null {
  if (line.startsWith("HELLO VERSION")) return GREETING;
  if (line.startsWith("SESSION CREATE")) return "SESSION STATUS RESULT=OK DESTINATION=abc\n";
  if (line.startsWith("STREAM ")) return "STREAM STATUS RESULT=OK\n";
  return null;
}
