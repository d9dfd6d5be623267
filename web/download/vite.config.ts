/**
 * Builds the public download page into dist/web/download, as its own small bundle:
 *
 *     index.html, assets/page-*.js, assets/engine-*.js, assets/*.css   served at /s/<slug> and /s/assets/
 *     sw.js                                                            served at /s/sw.js, with the scope /s/
 */
import { fileURLToPath } from "node:url";
import { defineConfig, type UserConfig } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/**
 * The browser's primitives in place of Node's, and no WebAssembly, which the page's policy forbids; everything else in
 * src/crypto is the same code on both sides.
 */
const alias = [
  { find: /^.*\/provider\.ts$/, replacement: here("../../src/crypto/provider-browser.ts") },
  { find: /^.*\/noctis-stream\.ts$/, replacement: here("../../src/crypto/noctis-plain.ts") },
];

const config: UserConfig = defineConfig({
  root: here("."),
  base: "/s/",
  resolve: { alias },
  worker: {
    format: "iife", // not every browser runs modules as service workers
    rollupOptions: {
      output: { entryFileNames: ({ name }) => (name === "service-worker" ? "sw.js" : "assets/[name]-[hash].js") },
    },
  },
  build: {
    outDir: here("../../dist/web/download"),
    emptyOutDir: true,
    target: "es2024",
    assetsInlineLimit: 0, // no data: addresses under the page's policy
    modulePreload: false,
  },
});

export default config;
