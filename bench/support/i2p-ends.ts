/**
 * Both ends of a measurement through a private I2P network, inside its namespace: one serves, the other dials. Each has a
 * router of its own. Writes one JSON line.
 *
 *   node i2p-ends.ts <HOST:PORT of the SAM bridge of the one who dials> <of the one who serves> <round trips> <megabytes>
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../src/core/clock.ts";
import { createLogger } from "../../src/core/log.ts";
import { randomBytes } from "../../src/core/random.ts";
import { I2p } from "../../src/route/i2p/i2p.ts";

const MESSAGE_BYTES = 2_048;
const SESSION_MS = 120_000;
const ATTEMPTS = 10;
const ANSWER_MS = 5_000;

const [mine = "", theirs = "", rounds = "", megabytes = ""] = process.argv.slice(2);
const [caller, server] = [routeBy(mine), routeBy(theirs)];

/** Gives back what it gets. */
const echo = createServer((socket) => {
  socket.on("error", () => {});
  socket.pipe(socket);
}).listen(0, "127.0.0.1");
await once(echo, "listening");

const handle = server.publish({ seed: randomBytes(32), localPort: (echo.address() as AddressInfo).port });
const begunMs = performance.now();
caller.start();
await until(() => caller.health().state === "up");
const sessionSeconds = (performance.now() - begunMs) / 1_000;
await until(() => handle.state() === "up");

const socket = await reach();
const messageMs: number[] = [];
for (let i = 0; i < Number(rounds); i++) {
  const startedMs = performance.now();
  await roundTrip(socket, MESSAGE_BYTES);
  messageMs.push(performance.now() - startedMs);
}
const startedMs = performance.now();
await roundTrip(socket, Number(megabytes) * 1e6);
const seconds = (performance.now() - startedMs) / 1_000;
// There and back again: each byte goes through the network twice, both ways at once.
console.log(JSON.stringify({ sessionSeconds, messageMs, megabytesPerSecond: Number(megabytes) / seconds }));
process.exit(0);

async function until(isTrue: () => boolean): Promise<void> {
  for (const endMs = Date.now() + SESSION_MS; !isTrue(); await sleep(50)) {
    if (Date.now() > endMs) throw new Error("no session in time");
  }
}

function routeBy(sam: string): I2p {
  const [host = "", port] = sam.split(":");
  return new I2p({
    enabled: () => true,
    sam: { host, port: Number(port) },
    log: createLogger("warn"),
    clock: systemClock,
  });
}

/** A router takes a stream before the other side answers, so that only an answer shows that it is reached. */
async function reach(): Promise<Socket> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const signal = AbortSignal.timeout(SESSION_MS);
    const stream = await caller.dial({ host: handle.host, port: 80 }, { isolation: "bench|0", signal });
    stream.on("error", () => {});
    stream.resume();
    const answered = roundTrip(stream, 1).then(() => true);
    if (await Promise.race([answered, sleep(ANSWER_MS, false)])) return stream;
    stream.destroy();
  }
  throw new Error("the other side is not reached");
}

async function roundTrip(stream: Socket, size: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = size;
  const count = (chunk: Buffer): void => {
    left -= chunk.length;
    if (left <= 0) resolve();
  };
  stream.on("data", count);
  stream.write(Buffer.alloc(size, 1));
  await promise;
  stream.off("data", count);
}
