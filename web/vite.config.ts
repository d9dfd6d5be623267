/**
 * Builds the web app into dist/web/app: one page, hashed assets, nothing inline, so that the strictest
 * content security policy (`default-src 'none'` with 'self' where needed, Trusted Types) holds.
 * The public download page has a build of its own.
 */
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { type UserConfig, defineConfig } from "vite";

const config: UserConfig = defineConfig({
  root: import.meta.dirname,
  publicDir: false,
  plugins: [react(), tailwindcss()],
  build: {
    outDir: "../dist/web/app",
    emptyOutDir: true,
    target: "es2024",
    // An inlined asset would be a data: URL, which the policy refuses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});

export default config;
