/**
 * Builds the kernels of src/crypto/kernels from their sources, each as a TypeScript file that holds the WebAssembly in
 * base64url; `--check` writes nothing and exits 1 when the committed bytes are not those of the sources.
 * Plain JavaScript, because `prepare` may run on an older Node.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import openWabt from "wabt";

const FOLDER = join(dirname(dirname(fileURLToPath(import.meta.url))), "src/crypto/kernels");
const OPTIONS = ["-O3", "--converge", "--noAssert", "--runtime", "stub", "--importMemory", "--noExportMemory"];
const SIMD = ["--enable", "simd"];
const RELAXED = [...SIMD, "--enable", "relaxed-simd"];

/** Target without suffix -> its source, and for each constant in it how to build that one. */
const KERNELS = {
  "pir-scan": { source: "pir-scan.wat", modules: { PIR_SCAN: assemble } },
  gf256: { source: "gf256.as", modules: { GF256_RELAXED: compile(RELAXED), GF256_SIMD: compile(SIMD) } },
  noctis256: {
    source: "noctis256.as",
    modules: { NOCTIS256_RELAXED: compile(RELAXED), NOCTIS256_SIMD: compile(SIMD) },
  },
};

async function assemble(text, name) {
  const wabt = await openWabt();
  return wabt.parseWat(name, text, { simd: true }).toBinary({}).buffer;
}

/** AssemblyScript. The compiler sees one file, and names no path of this machine. */
function compile(features) {
  return async (text, name) => {
    let binary;
    let said = "";
    const { error } = await asc.main(["kernel.ts", "--outFile", "kernel.wasm", ...OPTIONS, ...features], {
      readFile: (path) => (path === "kernel.ts" ? text : null),
      writeFile: (path, bytes) => {
        if (path === "kernel.wasm") binary = bytes;
      },
      listFiles: () => [],
      stderr: { write: (words) => void (said += words) },
    });
    if (error || said !== "") throw new Error(`${name}: ${said}`, { cause: error });
    return binary;
  };
}

async function render(source, modules) {
  const text = readFileSync(join(FOLDER, source), "utf8");
  const parts = [`/** Made from \`${source}\` by \`npm run build:kernels\`: WebAssembly modules, in base64url. */`];
  for (const [name, build] of Object.entries(modules)) {
    const bytes = Buffer.from(await build(text, source)).toString("base64url");
    const lines = bytes.match(/.{1,100}/g).map((line) => `  "${line}",`);
    parts.push(`export const ${name}: string = [`, ...lines, '].join("");');
  }
  return `${parts.join("\n")}\n`;
}

for (const [name, { source, modules }] of Object.entries(KERNELS)) {
  const made = await render(source, modules);
  const target = join(FOLDER, `${name}.ts`);
  if (!process.argv.includes("--check")) {
    writeFileSync(target, made);
  } else if (readFileSync(target, "utf8") !== made) {
    console.error(`${name}.ts is not made from ${source}. Run: npm run build:kernels`);
    process.exitCode = 1;
  }
}
