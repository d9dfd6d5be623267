/** Hybrid envelope: how many a core seals and opens a second, beside the same steps in plain JavaScript. */

import { hkdf } from "@noble/hashes/hkdf.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { gcm } from "@noble/ciphers/aes.js";
import { XWing } from "@noble/post-quantum/hybrid.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { fromHex } from "../src/core/bytes.ts";
import { randomBytes } from "../src/core/random.ts";
import { openEnvelope, sealEnvelope } from "../src/crypto/envelope.ts";
import { createHybridKeyPair } from "../src/crypto/hybrid-kem.ts";
import { publicKeyOf } from "../src/nostr/keys.ts";
import { type Bench, type BenchOptions, median, row } from "./report.ts";

const BODY_BYTES = 1_024;
const ROUNDS = 5;

/** The same work by noble alone: ECDH, X-Wing, HKDF, two AES-256-GCM seals. */
function sealWithNoble(body: Uint8Array, publicKey: Uint8Array, hybridPublicKey: Uint8Array): number {
  const one = secp256k1.keygen();
  const shared = secp256k1.getSharedSecret(one.secretKey, publicKey);
  const kem = XWing.encapsulate(hybridPublicKey.slice()); // it overwrites the key that it is given
  const kek = hkdf(sha512, new Uint8Array([...shared, ...kem.sharedSecret]), undefined, undefined, 32);
  const session = randomBytes(32);
  const wrapped = gcm(kek, randomBytes(12)).encrypt(session);
  return wrapped.length + gcm(session, randomBytes(12)).encrypt(body).length;
}

function perSecond(work: () => void, seconds: number): number {
  const end = performance.now() + seconds * 1000;
  const started = performance.now();
  let count = 0;
  while (performance.now() < end) {
    work();
    count++;
  }
  return (count * 1000) / (performance.now() - started);
}

async function run({ quick }: BenchOptions) {
  const seconds = quick ? 0.2 : 1;
  const nostrSecretKey = secp256k1.utils.randomSecretKey();
  const hybrid = createHybridKeyPair(randomBytes(32));
  const body = randomBytes(BODY_BYTES);
  const recipient = { nostrPublicKey: fromHex(publicKeyOf(nostrSecretKey)), hybridPublicKey: hybrid.publicKey };
  const envelope = sealEnvelope(body, recipient);
  const fullKey = new Uint8Array([2, ...recipient.nostrPublicKey]);
  const figures = { seal: [] as number[], open: [] as number[], noble: [] as number[] };
  for (let i = 0; i < ROUNDS; i++) {
    figures.seal.push(perSecond(() => sealEnvelope(body, recipient), seconds));
    figures.open.push(perSecond(() => openEnvelope(envelope, { nostrSecretKey, hybrid }), seconds));
    figures.noble.push(perSecond(() => sealWithNoble(body, fullKey, hybrid.publicKey), seconds));
  }
  const peer = "the same steps with @noble alone";
  return [
    row({
      metric: "seal 1 KiB",
      unit: "envelopes/s",
      ours: median(figures.seal),
      peer,
      theirs: median(figures.noble),
      goal: 3,
    }),
    row({ metric: "open 1 KiB", unit: "envelopes/s", ours: median(figures.open), peer: null, theirs: null }),
  ];
}

export const envelopeBench: Bench = { name: "envelope", about: "hybrid envelopes sealed and opened by one core", run };
