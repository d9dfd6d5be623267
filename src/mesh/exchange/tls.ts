/**
 * TLS 1.3 for the exchange, pinned to the node's key: the certificate is the node's own, nobody vouches for it, and the
 * client lets no byte pass either way before it has seen that its key is the one by which the node is known.
 *
 *   socket, handed in -> connectTls -> who proved which key? -> connectToNode -> socketLine -> Wire
 *
 * Both sides demand the group X25519MLKEM768, so that what is recorded today stays closed to a quantum computer. A node
 * whose key is learnt later can be impersonated from then on only: the certificate's signature, Ed25519, opens nothing old.
 */
import type { Duplex } from "node:stream";
import { connect, createServer, type Server, type TLSSocket } from "node:tls";
import { equalBytes } from "../../core/bytes.ts";
import { NetworkError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { SignatureKeyPair } from "../../crypto/signing.ts";
import { type NodeId, publicKeyOf } from "../node-id.ts";
import type { Line } from "../rooms.ts";
import { keyOfCertificate, tlsIdentity } from "./certificate.ts";

export type { Server, TLSSocket };

const PROTOCOL = {
  minVersion: "TLSv1.3",
  maxVersion: "TLSv1.3",
  ecdhCurve: "X25519MLKEM768",
  ALPNProtocols: ["nocturne-exchange/1"],
} as const;

/** Listens for nobody yet. */
export function createTlsServer(node: SignatureKeyPair): Server {
  const { key, certificate } = tlsIdentity(node);
  return createServer({
    ...PROTOCOL,
    key: key.export({ format: "pem", type: "pkcs8" }),
    cert: pem(certificate),
    handshakeTimeout: MESH_LIMITS.handshakeMs,
  });
}

/**
 * TLS with whoever is at the other end: it has proved the key of its certificate, which is anybody's. Destroys the socket
 * and throws when the handshake fails or `signal` is aborted.
 */
export function connectTls(socket: Duplex, signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    // No authority vouches for a node; `connectToNode` looks at the key instead.
    const secure = connect({ ...PROTOCOL, socket, rejectUnauthorized: false });
    const end = (error: unknown): void => {
      secure.destroy();
      socket.destroy();
      reject(error);
    };
    const abort = (): void => end(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    socket.on("error", end);
    secure.on("error", end).once("close", () => end(new Error("closed")));
    secure.once("secureConnect", () => {
      signal.removeEventListener("abort", abort);
      resolve(secure);
    });
    if (signal.aborted) abort();
  });
}

/** TLS with this node and nobody else. Throws NetworkError `node_unreachable` when the other end has another key. */
export async function connectToNode(socket: Duplex, node: NodeId, signal: AbortSignal): Promise<TLSSocket> {
  const secure = await connectTls(socket, signal);
  const certificate = secure.getPeerX509Certificate();
  const key = certificate && keyOfCertificate(certificate);
  if (key && equalBytes(key, publicKeyOf(node))) return secure;
  secure.destroy();
  throw new NetworkError("node_unreachable", "Somebody else answers at the node's address.");
}

/** A socket as a line; what is written in one turn leaves together. */
export function socketLine(socket: TLSSocket): Line {
  const waiting = new Set<() => void>();
  const leaving = new Set<() => void>();
  let writes = 0;
  const hasLeft = (): void => {
    if (--writes > 0) return;
    for (const resolve of leaving) resolve();
    leaving.clear();
  };
  const wake = (): void => {
    for (const resolve of waiting) resolve();
    waiting.clear();
  };
  // Without a listener an error would end the process; whoever reads or writes hears of it.
  socket
    .on("error", () => {})
    .on("drain", wake)
    .on("close", wake);
  socket.setNoDelay(true);
  return {
    incoming: piecesOf(socket),
    async write(bytes) {
      if (socket.destroyed || socket.writableEnded) throw new Error("closed");
      if (socket.writableCorked === 0) {
        socket.cork();
        process.nextTick(() => socket.uncork());
      }
      writes++;
      if (!socket.write(bytes, hasLeft)) await new Promise<void>((resolve) => waiting.add(resolve));
      if (socket.destroyed) throw new Error("closed");
    },
    async left() {
      if (writes > 0) await new Promise<void>((resolve) => leaving.add(resolve));
    },
    async [Symbol.asyncDispose]() {
      socket.destroy();
    },
  };
}

/**
 * What comes, as it comes: a stream's own iterator makes one piece of many, with a copy, and asks for each anew. So much waits
 * to be read at most; then the socket rests.
 */
async function* piecesOf(socket: TLSSocket): AsyncGenerator<Uint8Array, void, undefined> {
  const waiting: Uint8Array[] = [];
  const end: { isThere: boolean; error: Error | null } = { isThere: false, error: null };
  let waitingBytes = 0;
  let wake = (): void => {};
  const finish = (error: Error | null): void => {
    if (!end.isThere) [end.isThere, end.error] = [true, error];
    wake();
  };
  socket.on("data", (piece: Uint8Array) => {
    waiting.push(piece);
    waitingBytes += piece.length;
    if (waitingBytes >= MESH_LIMITS.unreadBytes) socket.pause();
    wake();
  });
  socket
    .once("error", finish)
    .once("end", () => finish(null))
    .once("close", () => finish(null));
  for (;;) {
    const piece = waiting.shift();
    if (piece) {
      waitingBytes -= piece.length;
      yield piece;
    } else if (socket.isPaused()) socket.resume();
    else if (end.isThere) break;
    else await new Promise<void>((resolve) => (wake = resolve));
  }
  if (end.error) throw end.error;
}

function pem(certificate: Uint8Array): string {
  const text = Buffer.from(certificate).toString("base64").replaceAll(/.{64}/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
}
