import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { openLibraryProgram, sourceUrl } from "../../test/support/library-program.ts";
import { createLogger } from "../core/log.ts";
import { openVault } from "../vault/vault.ts";
import { openLibraryRoom } from "./testing.ts";

const ROUNDS = 8;
const READY = "ready";

/**
 * A process that works on the library as fast as it can and says each step once it is done. Every content is its own
 * number; no step deletes for good but the last of each turn, which says beforehand what goes.
 */
function worker(dataDir: string): ReturnType<typeof spawn> {
  const program = `
    ${openLibraryProgram(dataDir)}
    const { FileTree } = await import(${sourceUrl("files/tree.ts")});
    await library.sweep();
    const tree = new FileTree(library);
    const say = (word) => process.stdout.write(word + "\\n");
    let n = Date.now();
    const put = async (path) => {
      const text = String(++n);
      await tree.put(path, (async function* () { yield new TextEncoder().encode(text); })(), { cipher: "aes-256-gcm" });
      say("kept " + text);
    };
    say(${JSON.stringify(READY)});
    for (let turn = n; ; turn++) {
      const folder = "/folder " + turn;
      tree.makeFolder(folder);
      for (let i = 0; i < 3; i++) await put(folder + "/a.txt");
      tree.makeFolder(folder + "/in");
      await tree.move(folder + "/a.txt", folder + "/in/b.txt");
      const { id } = tree.stat(folder + "/in/b.txt").file;
      library.versions.restore(id, library.versions.list(id)[1].id);
      tree.remove(folder + "/in/b.txt");
      await put(folder + "/in/b.txt");
      await Promise.all([1, 2, 3, 4, 5, 6].map((i) => put(folder + "/at once " + i)));
      library.trash.restore(id);
      await tree.move(folder, "/moved " + turn);
      const gone = "/gone " + turn;
      await put(gone);
      say("goes " + n);
      await library.destroy(tree.stat(gone).file.id);
    }`;
  return spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
}

/** Lets it work for a while, ends it by kill -9, and returns the contents that it had said to be kept. */
async function workAndDie(dataDir: string, ms: number): Promise<Set<string>> {
  const child = worker(dataDir);
  const kept = new Set<string>();
  assert.ok(child.stdout);
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, text = ""] = line.split(" ");
    if (word === READY) setTimeout(() => child.kill("SIGKILL"), ms);
    if (word === "kept") kept.add(text);
    if (word === "goes") kept.delete(text);
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  assert.equal(child.signalCode, "SIGKILL");
  return kept;
}

test("kill -9 at any moment loses no content that was there, and leaves none behind that nobody can reach", async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-crash-"));
  let contents = 0;
  const kept = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const text of await workAndDie(dataDir, 40 + 37 * round)) kept.add(text);
    const room = await openLibraryRoom(t, dataDir);
    const { library } = room;
    await library.sweep();
    for (const { id } of library.trash.list().entries) library.trash.restore(id);
    const found = new Set<string>();
    for (const { id } of library.list()) {
      found.add(await room.read(id));
      for (const version of library.versions.list(id)) found.add(await room.read(id, { version: version.id }));
    }
    assert.deepEqual(
      [...kept].filter((text) => !found.has(text)),
      [],
      `lost in round ${round}`,
    );
    assert.equal(
      room.blobs().length,
      library.list().reduce((sum, { versions }) => sum + 1 + versions, 0),
    );
    contents = found.size;
    room.close();
  }
  assert.ok(contents > 10, `only ${contents} contents were ever kept`);
});

test("a vault of before folders opens: all at the top, each under a name of its own", async (t) => {
  const room = await openLibraryRoom(t);
  const { dataDir, put } = room;
  const ids = [(await put("/a.txt", "one")).id, (await put("/b.txt", "two")).id, (await put("/c.txt", "three")).id];
  room.close();
  await downgrade(dataDir, ids);
  const later = await openLibraryRoom(t, dataDir);
  const { library, tree, read } = later;
  assert.deepEqual(
    tree.list("/").files.map(({ id, name, versions }) => [ids.indexOf(id), name, versions]),
    [
      [0, "a.txt", 0],
      [2, "a (2).txt", 0],
      [1, "a (1).txt", 0],
    ].sort((a, b) => String(a[1]).localeCompare(String(b[1]))),
  );
  assert.equal(await read(ids[2] ?? ""), "three");
  library.change(ids[2] ?? "", { name: "mine.txt" });
  later.close();
  assert.equal((await openLibraryRoom(t, dataDir)).library.get(ids[2] ?? "").name, "mine.txt");
});

/** Makes of the rows what the version before folders wrote, three files of one name, and no columns for places. */
async function downgrade(dataDir: string, ids: readonly string[]): Promise<void> {
  const { DatabaseSync } = await import("node:sqlite");
  const vault = await openVault({ dataDir, clock: { nowMs: () => Date.now() }, log: createLogger("silent") });
  const table = vault.table<Record<string, unknown>>({ name: "files", key: (row) => String(row["id"]) });
  for (const id of ids) {
    const row = table.get(id);
    assert.ok(row);
    const { folder: _f, trashedAt: _t, versions: _v, versionBytes: _b, ...old } = row;
    table.put({ ...old, name: "a.txt" });
  }
  vault.writeMeta("files/tree/v1", false);
  vault.close();
  const db = new DatabaseSync(join(dataDir, "vault.db"));
  for (const column of ["folder", "place", "trash"]) {
    db.exec(`DROP INDEX files_ix_${column}; ALTER TABLE files DROP COLUMN ix_${column}`);
  }
  db.exec("DROP TABLE file_versions; DROP TABLE folders");
  db.close();
}
