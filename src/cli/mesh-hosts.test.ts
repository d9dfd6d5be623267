import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { atEnd, temporaryFolder } from "../../test/support/cleanup.ts";
import { HOST_NAMES, hostFile, hostText, ownCommand, writeHostFile } from "./mesh-hosts.ts";

const OWN = { command: "/usr/bin/node", args: ["/opt/nocturne-mesh.js", "--data-dir", '/home/a "b"/data'] };

/** A home and a working folder that nobody else has. */
function goHome(t: TestContext): string {
  const [folder, before, home] = [realpathSync(temporaryFolder(t)), process.cwd(), process.env["HOME"]];
  process.chdir(folder);
  process.env["HOME"] = folder;
  atEnd(t, () => {
    process.chdir(before);
    if (home === undefined) delete process.env["HOME"];
    else process.env["HOME"] = home;
  });
  return folder;
}

test("each host gets its own form", () => {
  const server = { command: OWN.command, args: OWN.args };
  assert.deepEqual(JSON.parse(hostText("claude-code", OWN)), {
    mcpServers: { nocturne: { type: "stdio", ...server } },
  });
  assert.deepEqual(JSON.parse(hostText("cursor", OWN)), { mcpServers: { nocturne: server } });
  assert.deepEqual(JSON.parse(hostText("vscode", OWN)), { servers: { nocturne: { type: "stdio", ...server } } });
  assert.equal(
    hostText("codex", OWN),
    '[mcp_servers.nocturne]\ncommand = "/usr/bin/node"\nargs = ["/opt/nocturne-mesh.js","--data-dir","/home/a \\"b\\"/data"]',
  );
});

test("it is started again as it was, or by npx from whose cache it ran", () => {
  const own = ownCommand("/opt/nocturne/src/cli/nocturne-mesh.ts", "/data", "1.2.3");
  assert.deepEqual(own, {
    command: process.execPath,
    args: ["/opt/nocturne/src/cli/nocturne-mesh.ts", "--data-dir", "/data"],
  });
  const cached = join("/home/a/.npm", "_npx", "12", "node_modules/nocturne/dist/src/cli/nocturne-mesh.js");
  assert.deepEqual(ownCommand(cached, "/data", "1.2.3").args, ["-y", "nocturne-mesh@1.2.3", "--data-dir", "/data"]);
});

test("what stands in a host's file stays, and the old file too", (t) => {
  goHome(t);
  assert.equal(writeHostFile("cursor", OWN), null);
  const file = hostFile("cursor");
  assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), JSON.parse(hostText("cursor", OWN)));
  const old = '{"other":1,"mcpServers":{"mine":{"command":"x"},"nocturne":{"command":"old"}}}';
  writeFileSync(file, old);
  const backup = writeHostFile("cursor", OWN);
  assert.equal(readFileSync(backup ?? "", "utf8"), old);
  const { other, mcpServers } = JSON.parse(readFileSync(file, "utf8"));
  assert.equal(other, 1);
  assert.deepEqual(mcpServers, { mine: { command: "x" }, nocturne: { command: OWN.command, args: OWN.args } });
});

test("a file that is no plain JSON is left as it is", (t) => {
  goHome(t);
  mkdirSync(".vscode");
  for (const text of ['{ // a comment\n "servers": {} }', "[]", '{"servers": []}', "", "null"]) {
    writeFileSync(hostFile("vscode"), text);
    assert.throws(() => writeHostFile("vscode", OWN), { code: "bad_host_file" }, text);
    assert.equal(readFileSync(hostFile("vscode"), "utf8"), text);
  }
  assert.deepEqual(readdirSync(".vscode"), ["mcp.json"]);
  assert.throws(() => writeHostFile("codex", OWN), { code: "not_json" });
});

test("a link to a host's file stays a link", (t) => {
  const folder = goHome(t);
  mkdirSync("dotfiles");
  writeFileSync("dotfiles/mcp.json", "{}");
  symlinkSync(join(folder, "dotfiles/mcp.json"), hostFile("claude-code"));
  writeHostFile("claude-code", OWN);
  assert.equal(realpathSync(hostFile("claude-code")), join(folder, "dotfiles/mcp.json"));
  assert.match(readFileSync("dotfiles/mcp.json", "utf8"), /nocturne/);
});

test("the hosts are those of the help", () => {
  assert.deepEqual(HOST_NAMES, ["claude-code", "cursor", "vscode", "codex"]);
});

test("the package for npx leads to this program, in the same version", () => {
  const folder = join(import.meta.dirname, "../..");
  const read = (path: string) => JSON.parse(readFileSync(join(folder, path), "utf8"));
  const [main, small] = [read("package.json"), read("packages/nocturne-mesh/package.json")];
  assert.equal(small.version, main.version);
  assert.deepEqual(small.dependencies, { nocturne: main.version });
  const entry = readFileSync(join(folder, "packages/nocturne-mesh", small.bin["nocturne-mesh"]), "utf8");
  assert.match(entry, new RegExp(`^import "nocturne/${main.bin["nocturne-mesh"].replaceAll(".", "\\.")}";$`, "m"));
});
