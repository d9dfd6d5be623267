/** Assembles src/crypto/kernels/*.wat; `--check` writes nothing and exits 1 when the bytes are not those of the source. */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import openWabt from "wabt";

const SOURCE = "src/crypto/kernels/pir-scan.wat";
const TARGET = "src/crypto/kernels/pir-scan.ts";

async function render(): Promise<string> {
  const wabt = await openWabt();
  const assembled = wabt.parseWat(SOURCE, readFileSync(SOURCE, "utf8"), { simd: true });
  const text = Buffer.from(assembled.toBinary({}).buffer).toString("base64url");
  const lines = text.match(/.{1,100}/g)?.map((line) => `  "${line}",`) ?? [];
  return [
    "/** Made from `pir-scan.wat` by `npm run kernels`: the WebAssembly module, in base64url. */",
    "export const PIR_SCAN: string = [",
    ...lines,
    '].join("");',
    "",
  ].join("\n");
}

const made = await render();
if (!process.argv.includes("--check")) {
  writeFileSync(TARGET, made);
} else if (readFileSync(TARGET, "utf8") !== made) {
  console.error(`${TARGET} is not made from ${SOURCE}. Run: npm run kernels`);
  process.exitCode = 1;
}
