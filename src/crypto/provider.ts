/**
 * The cryptographic primitives, from `node:crypto` (OpenSSL 3.5). This is the only file of `src/crypto` that
 * touches the platform; a bundle for browsers puts `provider-browser.ts`, with the same exports, in its place.
 *
 * Keys that are used more than once are handed out as objects that close over the parsed key, because parsing
 * one costs as much as using it.
 */

import {
  argon2,
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  decapsulate,
  diffieHellman,
  encapsulate,
  hash,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { CodecError, CryptoError } from "../core/errors.ts";

/** AES-256-GCM (NIST SP 800-38D) with 12-byte nonces and 16-byte tags. */
export interface AesGcmKey {
  /** Writes ciphertext | tag into `output`, which is 16 bytes longer than `plaintext`. */
  sealInto(output: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, associatedData: Uint8Array): void;
  /** Writes the plaintext into `output` only after the tag was checked. Throws CryptoError. */
  openInto(output: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, associatedData: Uint8Array): void;
}

export interface KemPublicKey {
  encapsulate(): { ciphertext: Uint8Array; sharedSecret: Uint8Array };
}

export interface KemSecretKey {
  readonly publicKey: Uint8Array;
  decapsulate(ciphertext: Uint8Array): Uint8Array;
}

export interface DiffieHellmanKey {
  readonly publicKey: Uint8Array;
  /** Throws CodecError `bad_public_key` if the peer's bytes are not a usable point. */
  sharedSecret(peerPublicKey: Uint8Array): Uint8Array;
}

export interface SigningKey {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

export interface VerifyingKey {
  /** False for any signature that is not this key's over this message, whatever its length. */
  verify(message: Uint8Array, signature: Uint8Array): boolean;
}

export interface Argon2Cost {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
}

/** DER around raw key bytes; lengths and object identifiers are fixed by RFC 8410, 9881, 9935 and SEC 1. */
interface KeyEncoding {
  readonly type: "pkcs8" | "sec1" | "spki";
  readonly before: Buffer;
  readonly keyBytes: number;
  readonly after: Buffer;
}

const SECP256K1_ORDER = Buffer.from("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", "hex");

const X25519_SECRET = keyEncoding("pkcs8", "302e020100300506032b656e04220420", 32);
const X25519_PUBLIC = keyEncoding("spki", "302a300506032b656e032100", 32);
const ML_KEM_768_SECRET = keyEncoding("pkcs8", "3054020100300b060960864801650304040204428040", 64);
const ML_KEM_768_PUBLIC = keyEncoding("spki", "308204b2300b0609608648016503040402038204a100", 1184);
const ED25519_SECRET = keyEncoding("pkcs8", "302e020100300506032b657004220420", 32);
const ED25519_PUBLIC = keyEncoding("spki", "302a300506032b6570032100", 32);
const ML_DSA_65_SECRET = keyEncoding("pkcs8", "3034020100300b060960864801650304031204228020", 32);
const ML_DSA_65_PUBLIC = keyEncoding("spki", "308207b2300b0609608648016503040312038207a100", 1952);
const SECP256K1_SECRET = keyEncoding("sec1", "302e0201010420", 32, "a00706052b8104000a");
/** A compressed point whose first byte, 02, says that y is even. */
const SECP256K1_PUBLIC = keyEncoding("spki", "3036301006072a8648ce3d020106052b8104000a03220002", 32);

const digestRoom = Buffer.alloc(32);

export function sha256(data: Uint8Array): Uint8Array {
  return plainBytes(hash("sha256", data, "buffer"));
}

/** The same as hex: four times as fast where the digest is only looked at, because no buffer is made for it. */
export function sha256Hex(data: Uint8Array): string {
  return hash("sha256", data, "hex");
}

/**
 * The same as `sha256` for what is no secret: on the way the digest is a string, which nobody can wipe. A string and 32 bytes
 * in JavaScript's own heap cost half a microsecond, a buffer outside of it costs two, and trees have many hashes.
 */
export function publicSha256(data: Uint8Array): Uint8Array {
  const digest = new Uint8Array(32);
  digestRoom.write(hash("sha256", data, "binary"), "binary");
  digest.set(digestRoom);
  return digest;
}

export function sha512(data: Uint8Array): Uint8Array {
  return plainBytes(hash("sha512", data, "buffer"));
}

export function sha3_256(data: Uint8Array): Uint8Array {
  return plainBytes(hash("sha3-256", data, "buffer"));
}

/** SHAKE256 (FIPS 202) with `length` bytes of output. */
export function shake256(data: Uint8Array, length: number): Uint8Array {
  return plainBytes(createHash("shake256", { outputLength: length }).update(data).digest());
}

type HmacHash = "sha256" | "sha512" | "sha3-256";

/** HMAC (RFC 2104) over the parts one after the other. */
export function hmac(algorithm: HmacHash, key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const blockBytes = BLOCK_BYTES[algorithm];
  const end = parts.reduce((bytes, part) => bytes + part.length, blockBytes);
  if (end <= hmacRoom.length && key.length <= blockBytes) return shortHmac(algorithm, key, parts, end);
  // A key object, because Node takes three times as long with the bytes themselves.
  const mac = createHmac(algorithm, createSecretKey(key));
  for (const part of parts) mac.update(part);
  return plainBytes(mac.digest());
}

/** HMAC-SHA-256 over a stream that is too long to be held. */
export interface KeyedHash {
  update(piece: Uint8Array): void;
  /** 32 bytes; once. */
  digest(): Uint8Array;
}

export function keyedHash(key: Uint8Array): KeyedHash {
  const mac = createHmac("sha256", createSecretKey(key));
  return {
    update: (piece) => void mac.update(piece),
    digest: () => plainBytes(mac.digest()),
  };
}

/** Of the hashes: what a key is padded to. */
const BLOCK_BYTES: Readonly<Record<HmacHash, number>> = { sha256: 64, sha512: 128, "sha3-256": 136 };
const hmacRoom = new Uint8Array(512);
const hmacWords = new Uint32Array(hmacRoom.buffer);

/** As RFC 2104 writes it. For a few bytes, Node spends most of its time on the objects of key and MAC. */
function shortHmac(algorithm: HmacHash, key: Uint8Array, parts: readonly Uint8Array[], end: number): Uint8Array {
  let offset = BLOCK_BYTES[algorithm];
  const keyWords = offset / 4;
  hmacRoom.set(key);
  for (const part of parts) {
    hmacRoom.set(part, offset);
    offset += part.length;
  }
  alterWords(keyWords, 0x36363636);
  const inner = hash(algorithm, hmacRoom.subarray(0, end), "buffer");
  alterWords(keyWords, 0x36363636 ^ 0x5c5c5c5c);
  hmacRoom.set(inner, BLOCK_BYTES[algorithm]);
  const mac = hash(algorithm, hmacRoom.subarray(0, BLOCK_BYTES[algorithm] + inner.length), "buffer");
  hmacRoom.fill(0);
  inner.fill(0);
  return plainBytes(mac);
}

function alterWords(count: number, mark: number): void {
  for (let i = 0; i < count; i++) hmacWords[i] = (hmacWords[i] as number) ^ mark;
}

/** Argon2id (RFC 9106), off the main thread. */
export function argon2id(message: Uint8Array, salt: Uint8Array, cost: Argon2Cost, length: number): Promise<Uint8Array> {
  const parameters = {
    message,
    nonce: salt,
    parallelism: cost.lanes,
    tagLength: length,
    memory: cost.memoryKiB,
    passes: cost.passes,
  };
  return new Promise((resolve, reject) => {
    argon2("argon2id", parameters, (error, derived) => (error ? reject(error) : resolve(plainBytes(derived))));
  });
}

/** An AES-256-GCM key of 32 bytes. */
export function aesGcmKey(bytes: Uint8Array): AesGcmKey {
  const key = createSecretKey(bytes);
  return {
    sealInto(output, nonce, plaintext, associatedData) {
      // Without options: a tag has 16 bytes anyway, and reading them costs as much as encrypting 2 KiB.
      const cipher = createCipheriv("aes-256-gcm", key, nonce);
      if (associatedData.length > 0) cipher.setAAD(associatedData);
      takeInto(output, cipher.update(plaintext));
      cipher.final();
      output.set(cipher.getAuthTag(), plaintext.length);
    },
    openInto(output, nonce, sealed, associatedData) {
      const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: 16 });
      if (associatedData.length > 0) decipher.setAAD(associatedData);
      decipher.setAuthTag(sealed.subarray(sealed.length - 16));
      const plaintext = decipher.update(sealed.subarray(0, sealed.length - 16));
      try {
        decipher.final();
      } catch {
        plaintext.fill(0);
        throw new CryptoError();
      }
      takeInto(output, plaintext);
    },
  };
}

/**
 * Copies what a cipher returned and gives its memory back at once: the next chunk gets the same, still in the cache.
 * Left to the garbage collector, fresh memory for every chunk takes a third of the time of sealing.
 */
function takeInto(output: Uint8Array, result: Buffer): void {
  output.set(result);
  (result.buffer as ArrayBuffer).transfer(0);
}

/** An X25519 key (RFC 7748) of 32 secret bytes. */
export function x25519Key(secretKey: Uint8Array): DiffieHellmanKey {
  const key = privateKey(X25519_SECRET, secretKey);
  return {
    publicKey: publicBytes(key, 32),
    sharedSecret: (peer) => exchange(key, X25519_PUBLIC, peer),
  };
}

/** True for 32 bytes that are a secp256k1 key: 0 < scalar < group order. OpenSSL takes any for one. */
export function isSecp256k1Scalar(bytes: Uint8Array): boolean {
  return bytes.some((byte) => byte !== 0) && Buffer.compare(bytes, SECP256K1_ORDER) < 0;
}

/**
 * A secp256k1 key of 32 secret bytes, as Nostr uses it: public keys are the 32-byte x coordinate alone and mean
 * the point with even y (BIP-340), and the shared secret is the x coordinate of the product. That coordinate is
 * the same for a point and its negative, so the parity of our own key does not matter.
 */
export function secp256k1Key(secretKey: Uint8Array): DiffieHellmanKey {
  if (!isSecp256k1Scalar(secretKey)) throw badSecretKey();
  const key = privateKey(SECP256K1_SECRET, secretKey);
  return {
    publicKey: publicBytes(key, 64).subarray(0, 32),
    sharedSecret: (peer) => exchange(key, SECP256K1_PUBLIC, peer),
  };
}

/** An ML-KEM-768 key pair (FIPS 203) from its 64-byte seed d | z; ciphertexts are 1,088 bytes, secrets 32. */
export function mlKem768SecretKey(seed: Uint8Array): KemSecretKey {
  const key = privateKey(ML_KEM_768_SECRET, seed);
  return {
    publicKey: publicBytes(key, 1184),
    decapsulate: (ciphertext) => plainBytes(decapsulate(key, ciphertext)),
  };
}

/** An ML-KEM-768 public key of 1,184 bytes. Throws CodecError `bad_public_key` if a coefficient is out of range. */
export function mlKem768PublicKey(bytes: Uint8Array): KemPublicKey {
  const key = publicKey(ML_KEM_768_PUBLIC, bytes);
  return {
    encapsulate() {
      const { ciphertext, sharedKey } = encapsulate(key);
      return { ciphertext: plainBytes(ciphertext), sharedSecret: plainBytes(sharedKey) };
    },
  };
}

/** An Ed25519 key (RFC 8032) of 32 secret bytes; signatures are 64 bytes, the same each time. */
export function ed25519SigningKey(secretKey: Uint8Array): SigningKey {
  return signingKey(privateKey(ED25519_SECRET, secretKey), 32);
}

/** An Ed25519 public key of 32 bytes. Whether they are a point shows only in `verify`. */
export function ed25519VerifyingKey(bytes: Uint8Array): VerifyingKey {
  return verifyingKey(publicKey(ED25519_PUBLIC, bytes));
}

/** An ML-DSA-65 key (FIPS 204) from its 32-byte seed; signatures, with an empty context, are 3,309 bytes. */
export function mlDsa65SigningKey(seed: Uint8Array): SigningKey {
  return signingKey(privateKey(ML_DSA_65_SECRET, seed), 1952);
}

/** An ML-DSA-65 public key of 1,952 bytes. */
export function mlDsa65VerifyingKey(bytes: Uint8Array): VerifyingKey {
  return verifyingKey(publicKey(ML_DSA_65_PUBLIC, bytes));
}

function signingKey(key: KeyObject, publicKeyBytes: number): SigningKey {
  return {
    // Only on demand: writing it out costs as much as a signature.
    get publicKey() {
      return publicBytes(key, publicKeyBytes);
    },
    sign: (message) => plainBytes(sign(null, message, key)),
  };
}

function verifyingKey(key: KeyObject): VerifyingKey {
  return { verify: (message, signature) => verify(null, message, key, signature) };
}

function exchange(own: KeyObject, encoding: KeyEncoding, peer: Uint8Array): Uint8Array {
  const peerKey = publicKey(encoding, peer);
  try {
    return plainBytes(diffieHellman({ privateKey: own, publicKey: peerKey }));
  } catch (cause) {
    throw badPublicKey(cause);
  }
}

function publicKey(encoding: KeyEncoding, bytes: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: encodeKey(encoding, bytes), format: "der", type: "spki" });
  } catch (cause) {
    throw badPublicKey(cause);
  }
}

function privateKey(encoding: KeyEncoding, secret: Uint8Array): KeyObject {
  let der: Buffer | undefined;
  try {
    der = encodeKey(encoding, secret);
    return createPrivateKey({ key: der, format: "der", type: encoding.type as "pkcs8" | "sec1" });
  } catch {
    // Without the cause: an error about a secret key is no place for anything that was computed from it.
    throw badSecretKey();
  } finally {
    der?.fill(0);
  }
}

/** OpenSSL ignores bytes after the DER, so a key that is too long must be refused here. */
function encodeKey({ before, keyBytes, after }: KeyEncoding, bytes: Uint8Array): Buffer {
  if (bytes.length !== keyBytes) throw new CodecError("key_size", `This key must have ${keyBytes} bytes.`);
  return Buffer.concat([before, bytes, after]);
}

function keyEncoding(type: KeyEncoding["type"], before: string, keyBytes: number, after: string = ""): KeyEncoding {
  return { type, before: Buffer.from(before, "hex"), keyBytes, after: Buffer.from(after, "hex") };
}

/** Raw public bytes: they end the DER of a public key. */
function publicBytes(key: KeyObject, length: number): Uint8Array {
  const der = createPublicKey(key).export({ format: "der", type: "spki" });
  return plainBytes(der.subarray(der.length - length));
}

function badSecretKey(): CodecError {
  return new CodecError("bad_secret_key", "This is not a usable secret key.");
}

function badPublicKey(cause: unknown): CodecError {
  return new CodecError("bad_public_key", "This is not a usable public key.", { cause });
}

/** The same bytes without Buffer's own meaning of `slice` and of equality. */
function plainBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
