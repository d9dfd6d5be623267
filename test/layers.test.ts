/**
 * The import table of ARCHITECTURE.md, enforced: arrows point downward only, the inner floors run in a
 * browser, and a package that belongs to one room is imported there alone. Tests may import anything.
 */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { test } from "node:test";

/** Each folder of src/, lowest first, with the folders it may import beside itself. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  crypto: ["core"],
  nostr: ["core", "crypto"],
  vault: ["core", "crypto", "nostr"],
  relay: ["core", "crypto", "nostr"],
  route: ["core", "crypto", "nostr"],
  messaging: ["core", "crypto", "nostr", "vault", "route"],
  files: ["core", "crypto", "vault"],
  mesh: ["core", "crypto", "vault", "route", "files"],
  agents: ["core", "crypto", "mesh"],
  node: ["core", "crypto", "nostr", "vault", "relay", "route", "messaging", "files", "mesh", "agents"],
  api: ["core", "crypto", "nostr", "vault", "relay", "route", "messaging", "files", "mesh", "agents", "node"],
  mcp: ["core", "api"],
  cli: [
    "core",
    "crypto",
    "nostr",
    "vault",
    "relay",
    "route",
    "messaging",
    "files",
    "mesh",
    "agents",
    "node",
    "api",
    "mcp",
  ],
};

/** Of a lower folder a face may know these files alone: it is a program of its own that talks to the other one. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  "mcp -> api": ["src/api/agent-contract.ts", "src/api/agent-call.ts"],
};

/** Folders whose files also run in a browser, and their few doors to Node. */
const PORTABLE = ["core", "crypto", "nostr"];
const DOORS_TO_NODE = /^src\/(crypto\/provider[\w-]*|core\/log)\.ts$/;

/** Packages that one folder alone may know. */
const OWNED_PACKAGES: readonly { readonly name: RegExp; readonly owner: string }[] = [
  { name: /^(libp2p|@libp2p\/.+|@chainsafe\/libp2p.+)$/, owner: "src/mesh/" },
  { name: /^(@modelcontextprotocol\/.+|zod)$/, owner: "src/mcp/" },
];

const MAX_FILE_LINES = 600;
const MAX_MEDIAN_LINES = 120;

const IMPORT = /\b(?:import|export)\s[^"'`;]*?\bfrom\s*["']([^"']+)["']|\bimport\s*\(?\s*["']([^"']+)["']/g;
const COMMENT = /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm;

/** What a source text imports, as written: static, re-exported, for side effects, dynamic, types included. */
function readImports(source: string): string[] {
  return [...source.replace(COMMENT, "").matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? "");
}

/** Why `path` (from the repository's root, with slashes) may not import `specifier`; null if it may. */
function findViolation(path: string, specifier: string): string | null {
  const owned = OWNED_PACKAGES.find(({ name, owner }) => name.test(specifier) && !path.startsWith(owner));
  if (owned) return `only ${owned.owner} may import ${specifier}`;
  const [room, folder = ""] = path.split("/");
  if (!specifier.startsWith(".")) {
    const barred = room === "src" && PORTABLE.includes(folder) && !DOORS_TO_NODE.test(path);
    return barred && specifier.startsWith("node:") ? `${folder} also runs in a browser` : null;
  }
  const target = posix.join(posix.dirname(path), specifier);
  const [targetRoom, targetFolder = ""] = target.split("/");
  if (room === "web") return findWebViolation(path, target);
  if (targetRoom !== "src") return "src imports only src";
  if (folder === targetFolder) return null;
  const doors = DOORS[`${folder} -> ${targetFolder}`];
  if (doors && !doors.includes(target)) return `${folder} may import ${doors.join(", ")} only`;
  return LAYERS[folder]?.includes(targetFolder) ? null : `${folder} may not import ${targetFolder}`;
}

function findWebViolation(path: string, target: string): string | null {
  if (target.startsWith("web/") || target === "src/api/contract.ts") return null;
  const downloadPage = path.startsWith("web/download/");
  if (downloadPage && /^src\/(core|crypto)\//.test(target)) return null;
  return "web knows src/api/contract.ts only, and the download page src/crypto and src/core";
}

function listSources(pattern: string): string[] {
  return globSync(pattern, { exclude: ["**/node_modules/**"] }).filter((path) => !/\.test\.tsx?$/.test(path));
}

const sources = listSources("{src,web}/**/*.{ts,tsx}");

test("every folder of src has its place in the table", () => {
  const folders = new Set(listSources("src/*/**/*.ts").map((path) => path.split("/")[1]));
  assert.deepEqual(
    [...folders].filter((folder) => folder === undefined || !(folder in LAYERS)),
    [],
  );
  assert.ok(folders.size > 5, "the sources were not found");
});

test("imports follow the table", () => {
  const violations = sources.flatMap((path) =>
    readImports(readFileSync(path, "utf8")).flatMap((specifier) => {
      const reason = findViolation(path, specifier);
      return reason === null ? [] : [`${path} imports ${specifier}: ${reason}`];
    }),
  );
  assert.deepEqual(violations, []);
});

test("the contracts hold types only", async () => {
  assert.deepEqual(Object.keys(await import("../src/api/contract.ts")), []);
  assert.deepEqual(Object.keys(await import("../src/api/agent-contract.ts")), []);
  for (const path of ["src/api/contract.ts", "src/api/agent-contract.ts"]) {
    const specifiers = readFileSync(path, "utf8").match(/^import (?!type\b).*/gm);
    assert.equal(specifiers, null);
  }
});

test("files stay within their size", () => {
  const sizes = sources.map((path) => ({ path, lines: readFileSync(path, "utf8").split("\n").length - 1 }));
  assert.deepEqual(
    sizes.filter(({ lines }) => lines > MAX_FILE_LINES),
    [],
  );
  const median = sizes.map(({ lines }) => lines).sort((a, b) => a - b)[Math.floor(sizes.length / 2)] ?? 0;
  assert.ok(median <= MAX_MEDIAN_LINES, `half of the files have more than ${median} lines`);
});

test("the checker sees every way of importing", () => {
  const source = `
    import { a } from "./one.ts";
    import type { B } from "./two.ts";
    import {
      c,
    } from "./three.ts";
    export * from "./four.ts";
    import "./five.ts";
    const d = await import("./six.ts");
    // import { no } from "./comment.ts";
    /* import "./comment.ts" */
    const url = "https://example.com"; import e from "./seven.ts";`;
  assert.deepEqual(
    readImports(source).map((specifier) => specifier.slice(2, -3)),
    ["one", "two", "three", "four", "five", "six", "seven"],
  );
});

test("the checker catches violations", () => {
  const caught: readonly (readonly [path: string, specifier: string])[] = [
    ["src/core/bytes.ts", "../crypto/aead.ts"],
    ["src/relay/relay-server.ts", "../route/carrier.ts"],
    ["src/files/library.ts", "../messaging/views.ts"],
    ["src/vault/vault.ts", "../../test/support/tools.ts"],
    ["src/nostr/event.ts", "node:crypto"],
    ["src/crypto/aead.ts", "node:crypto"],
    ["src/route/relay-pool.ts", "@libp2p/tcp"],
    ["src/api/server.ts", "@modelcontextprotocol/server"],
    ["src/cli/mesh-program.ts", "zod"],
    ["src/mcp/http.ts", "../api/guard.ts"],
    ["src/mcp/fence.ts", "../agents/text.ts"],
    ["web/app/main.tsx", "../../src/core/bytes.ts"],
    ["web/download/main.ts", "../../src/vault/vault.ts"],
    ["web/app/main.tsx", "../../src/api/server.ts"],
  ];
  for (const [path, specifier] of caught) assert.ok(findViolation(path, specifier), `${path} <- ${specifier}`);
  const allowed: readonly (readonly [path: string, specifier: string])[] = [
    ["src/crypto/provider.ts", "node:crypto"],
    ["src/vault/vault.ts", "node:sqlite"],
    ["src/messaging/messenger.ts", "../route/relay-pool.ts"],
    ["src/cli/commands/send.ts", "../../api/contract.ts"],
    ["src/mcp/fence.ts", "zod"],
    ["src/mcp/tools/query.ts", "../../api/agent-contract.ts"],
    ["web/app/main.tsx", "../../src/api/contract.ts"],
    ["web/download/main.ts", "../../src/crypto/payload.ts"],
  ];
  for (const [path, specifier] of allowed) assert.equal(findViolation(path, specifier), null);
});
