/**
 * Runs after `npm ci`: builds the kernels, which gives the committed bytes again, and the web app and the public
 * download page into `dist/web`.
 * Plain JavaScript, because it may run on an older Node; and it does nothing where the build tools are
 * absent (`npm ci --omit=dev`, or installed as a dependency, which ships the built pages).
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const kernels = join(root, "scripts/kernels.mjs");
const vite = join(root, "node_modules/vite/bin/vite.js");
const configs = ["web/vite.config.ts", "web/download/vite.config.ts"].filter((path) => existsSync(join(root, path)));

function run(...args) {
  const build = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
  if (build.status !== 0) process.exit(build.status ?? 1);
}

if (existsSync(join(root, "node_modules/assemblyscript")) && existsSync(kernels)) run(kernels);
if (existsSync(vite)) {
  for (const config of configs) run(vite, "build", "--config", config, "--logLevel", "error");
}
