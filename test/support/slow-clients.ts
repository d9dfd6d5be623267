/** Clients of a node's exchange that keep to its frames and hold it up: they ask and do not read, or send what nobody can wait for. */
import { connect } from "node:net";
import type { TLSSocket } from "node:tls";
import { setTimeout as sleep } from "node:timers/promises";
import { concatBytes, toHex } from "../../src/core/bytes.ts";
import { MESH_LIMITS } from "../../src/core/mesh-limits.ts";
import { randomBytes } from "../../src/core/random.ts";
import { ed25519 } from "../../src/crypto/signing.ts";
import { FRAME, FrameParser, type FrameType, frameHead } from "../../src/mesh/exchange/frames.ts";
import { encodeProof, readHello } from "../../src/mesh/exchange/proof.ts";
import { encodeFetch, encodeNames, encodeStore } from "../../src/mesh/exchange/requests.ts";
import { connectToNode } from "../../src/mesh/exchange/tls.ts";
import { type NodeId, ownerIdOf } from "../../src/mesh/node-id.ts";
import { type FragmentId, leafCount } from "../../src/mesh/pieces/fragment-tree.ts";
import type { Address, FragmentRef } from "../../src/mesh/rooms.ts";

export interface Victim {
  readonly id: NodeId;
  readonly address: Address;
  /** That it has, as large as there may be. */
  readonly fragment: FragmentRef;
}

const GREET_MS = 60_000;
const SECOND_MS = 1_000;
const { pipelined, batch, creditBytes, frameBytes, segmentBytes } = MESH_LIMITS;
/** Left of the last frame: more seconds than anybody waits. */
const LEFT_BYTES = 256;
/** Fragments that are asked for before one is stored: more than the credit lets pass. */
const BEFORE = 3;
/** As many as one question may have. */
const NAMES = encodeNames(Array.from({ length: batch }, () => toHex(randomBytes(32)) as FragmentId));

/** From 127.3.<house>.1. Returns what ends it. */
export type SlowClient = (victim: Victim, house: number) => Promise<Disposable>;

/** Asks for all the fragments that may be asked for at a time, and reads nothing of them. */
export const asksAndRests: SlowClient = async (victim, house) => {
  const end = await RawEnd.open(victim, house);
  for (let i = 0; i < pipelined; i++) end.send(FRAME.fetch, fetchWhole(victim.fragment));
  return end;
};

/** Behind a fragment that it does not read it asks the longest questions that there are. */
export const asksAtLength: SlowClient = async (victim, house) => {
  const end = await RawEnd.open(victim, house);
  end.send(FRAME.fetch, fetchWhole(victim.fragment));
  for (let i = 1; i < pipelined; i++) end.send(FRAME.renew, concatBytes(new Uint8Array(8), NAMES));
  return end;
};

/** Stores what the credit allows, the last frame up to some bytes, and these one a second. */
export const storesAndTrickles: SlowClient = async (victim, house) => {
  const end = await RawEnd.openAsOwner(victim, house);
  const frame = new Uint8Array(frameBytes);
  for (let at = frameBytes; at < creditBytes; at += frameBytes) end.send(FRAME.data, frame);
  end.write(concatBytes(frameHead(FRAME.data, frameBytes), frame.subarray(LEFT_BYTES)));
  void end.trickle();
  return end;
};

/** Stores what the credit allows in frames of one byte. */
export const storesCrumbs: SlowClient = async (victim, house) => {
  const end = await RawEnd.openAsOwner(victim, house);
  const crumb = concatBytes(frameHead(FRAME.data, 1), new Uint8Array(1));
  end.write(Buffer.alloc(crumb.length * creditBytes, crumb));
  return end;
};

/** Behind fragments that it does not read it begins to store. */
export const storesBehind: SlowClient = async (victim, house) => {
  const end = await RawEnd.openAsOwner(victim, house, victim.fragment);
  const frame = new Uint8Array(frameBytes);
  for (let at = 0; at < creditBytes; at += frameBytes) end.send(FRAME.data, frame);
  end.write(concatBytes(frameHead(FRAME.data, frameBytes), frame.subarray(LEFT_BYTES)));
  return end;
};

function fetchWhole(fragment: FragmentRef): Uint8Array {
  return encodeFetch({ ...fragment, first: 0, count: leafCount(fragment.bytes) });
}

/** After the greeting nothing is read. */
class RawEnd implements Disposable {
  readonly #socket: TLSSocket;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on("error", () => {}); // as all do that are hung up on
  }

  static async open({ id, address }: Victim, house: number): Promise<RawEnd> {
    return (await RawEnd.#greeted(id, address, house)).end;
  }

  /** A stranger who begins to store a fragment of the greatest length, after it asked for some. */
  static async openAsOwner({ id, address }: Victim, house: number, asked: FragmentRef | null = null): Promise<RawEnd> {
    const { end, challenge } = await RawEnd.#greeted(id, address, house);
    const key = ed25519.createKeyPair();
    const owner = ownerIdOf(key.publicKey);
    end.send(FRAME.proof, encodeProof(challenge, id, { key, owner, certificate: null, voucher: null }));
    const before = asked ? BEFORE : 0;
    for (let i = 0; i < before; i++) end.send(FRAME.fetch, fetchWhole(asked as FragmentRef));
    const fragment = { id: toHex(randomBytes(32)) as FragmentId, bytes: segmentBytes };
    end.send(FRAME.store, encodeStore({ ...fragment, untilMs: Date.now() + MESH_LIMITS.leaseMs }));
    return end;
  }

  static async #greeted(id: NodeId, address: Address, house: number): Promise<{ end: RawEnd; challenge: Uint8Array }> {
    const signal = AbortSignal.timeout(GREET_MS);
    const socket = await connectToNode(connect({ ...address, localAddress: `127.3.${house}.1` }), id, signal);
    const end = new RawEnd(socket);
    const parser = new FrameParser();
    for await (const piece of socket.iterator({ destroyOnReturn: false })) {
      for (const { body } of parser.push(piece as Uint8Array)) {
        socket.pause();
        return { end, challenge: readHello(body) as Uint8Array };
      }
    }
    throw new Error("a slow client was not greeted");
  }

  send(type: FrameType, body: Uint8Array): void {
    this.write(concatBytes(frameHead(type, body.length), body));
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** A byte a second, as long as anybody takes them. */
  async trickle(): Promise<void> {
    for (let i = 1; i < LEFT_BYTES && !this.#socket.destroyed; i++) {
      this.write(new Uint8Array(1));
      await sleep(SECOND_MS, undefined, { ref: false });
    }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
