/**
 * Runs after `npm ci`: builds the web app and the public download page into `dist/web`.
 * Plain JavaScript, because it may run on an older Node; and it does nothing where the build tools are
 * absent (`npm ci --omit=dev`, or installed as a dependency, which ships the built pages).
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const vite = join(root, "node_modules/vite/bin/vite.js");
const configs = ["web/vite.config.ts", "web/download/vite.config.ts"].filter((path) => existsSync(join(root, path)));

if (existsSync(vite)) {
  for (const config of configs) {
    const build = spawnSync(process.execPath, [vite, "build", "--config", config, "--logLevel", "error"], {
      cwd: root,
      stdio: "inherit",
    });
    if (build.status !== 0) process.exit(build.status ?? 1);
  }
}
