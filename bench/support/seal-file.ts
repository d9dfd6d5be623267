/**
 * `seal-file.ts seal|open IN SEALED`: what the file library does with a file, as a program that can be measured. It does
 * not wait for the disk, as its peers do not.
 */
import { type FileHandle, open } from "node:fs/promises";
import process from "node:process";
import { FILE_LIMITS } from "../../src/core/limits.ts";
import { randomBytes } from "../../src/core/random.ts";
import { openWithKey, sealWithKey } from "../../src/crypto/key-slots.ts";
import { openContent, openHeader, sealFile } from "../../src/files/sealed-file.ts";

const SEAL_READ_BYTES = 524_288;
const OPEN_READ_BYTES = 262_144;
/** Both runs must know it, and it guards nothing but random bytes. */
const SECRET = new Uint8Array(32).fill(7);

/** Pieces in memory that is used again, as `sealFile` and `openContent` allow. */
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
if (task === "seal") {
  const fileKey = randomBytes(32);
  const slots = [sealWithKey("recovery", fileKey, SECRET)];
  await using file = await open(plain);
  const source = readFrom(file, 0, SEAL_READ_BYTES);
  await writeTo(sealed, sealFile(source, { fileKey, suite: "aes-256-gcm", slots }));
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
