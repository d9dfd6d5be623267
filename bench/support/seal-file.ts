/** `seal-file.ts seal|open IN SEALED`: what the file library does with a file, as a program that can be measured. */

import { createReadStream, createWriteStream } from "node:fs";
import { open } from "node:fs/promises";
import process from "node:process";
import { pipeline } from "node:stream/promises";
import { FILE_LIMITS } from "../../src/core/limits.ts";
import { randomBytes } from "../../src/core/random.ts";
import { openWithKey, sealWithKey } from "../../src/crypto/key-slots.ts";
import { openContent, openHeader, sealFile } from "../../src/files/sealed-file.ts";

const PIECE_BYTES = 262_144;
/** Both runs must know it, and it guards nothing but random bytes. */
const SECRET = new Uint8Array(32).fill(7);

const [task, plain = "", sealed = ""] = process.argv.slice(2);
if (task === "seal") {
  const fileKey = randomBytes(32);
  const slots = [sealWithKey("recovery", fileKey, SECRET)];
  const source = createReadStream(plain, { highWaterMark: PIECE_BYTES });
  await pipeline(sealFile(source, { fileKey, suite: "aes-256-gcm", slots }), createWriteStream(sealed));
} else {
  const file = await open(sealed);
  const head = new Uint8Array(FILE_LIMITS.headerBytes);
  const { bytesRead } = await file.read(head, 0, head.length, 0);
  await file.close();
  const { header, fileKey } = await openHeader(head.subarray(0, bytesRead), (slots) =>
    openWithKey(slots, "recovery", SECRET),
  );
  const payload = createReadStream(sealed, { highWaterMark: PIECE_BYTES, start: header.encoded.length });
  await pipeline(openContent(payload, header.suite, fileKey), createWriteStream("/dev/null"));
}
