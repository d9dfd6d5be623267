/**
 * `seal-file.ts seal|open IN SEALED`: what the file library does with a file, as a program that can be measured. It does
 * not wait for the disk, as its peers do not.
 */
import { readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import process from "node:process";
import { FILE_LIMITS } from "../../src/core/limits.ts";
import { randomBytes } from "../../src/core/random.ts";
import { openWithKey, sealWithKey } from "../../src/crypto/key-slots.ts";
import { openContent, openHeader } from "../../src/files/sealed-file.ts";
import { sealToFile } from "../../src/files/sealing.ts";

/** As pieces of an upload. */
const SEAL_READ_BYTES = 65_536;
const OPEN_READ_BYTES = 262_144;
/** Both runs must know it, and it guards nothing but random bytes. */
const SECRET = new Uint8Array(32).fill(7);

/** Read at once, because how an upload comes in is not what is measured. */
async function* piecesOf(descriptor: number, size: number): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(size);
  for (let at = 0; ; ) {
    const bytesRead = readSync(descriptor, piece, 0, size, at);
    if (bytesRead === 0) return;
    yield piece.subarray(0, bytesRead);
    at += bytesRead;
  }
}

/** Pieces in memory that is used again, as `openContent` allows. */
async function* readFrom(file: FileHandle, start: number, size: number): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(size);
  for (let at = start; ; ) {
    const { bytesRead } = await file.read(piece, 0, size, at);
    if (bytesRead === 0) return;
    yield piece.subarray(0, bytesRead);
    at += bytesRead;
  }
}

async function writeTo(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  await using file = await open(path, "w");
  for await (const piece of pieces) await file.write(piece);
}

const [task, plain = "", sealed = ""] = process.argv.slice(2);
if (task !== "open") {
  const fileKey = randomBytes(32);
  const slots = [sealWithKey("recovery", fileKey, SECRET)];
  await using file = await open(plain);
  await using target = await open(sealed, "w");
  await sealToFile(target, piecesOf(file.fd, SEAL_READ_BYTES), { fileKey, suite: "aes-256-gcm", slots });
} else {
  await using file = await open(sealed);
  const head = new Uint8Array(FILE_LIMITS.headerBytes);
  const { bytesRead } = await file.read(head, 0, head.length, 0);
  const { header, fileKey } = await openHeader(head.subarray(0, bytesRead), (slots) =>
    openWithKey(slots, "recovery", SECRET),
  );
  const payload = readFrom(file, header.encoded.length, OPEN_READ_BYTES);
  await writeTo("/dev/null", openContent(payload, header.suite, fileKey));
}
