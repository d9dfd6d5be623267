/**
 * What a test leaves behind is taken away after it, the last first: a program ends before its folder goes.
 * (Hooks of node:test run the first first, and a failing one keeps the others from running.)
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** At whose end something is taken away: a test, or the whole file. */
export type Owner = Pick<TestContext, "after">;

const pending = new WeakMap<Owner, (() => unknown)[]>();

/** Runs `work` after the test, before everything that was registered earlier, whatever fails among it. */
export function atEnd(t: Owner, work: () => unknown): void {
  const known = pending.get(t);
  if (known) {
    known.push(work);
    return;
  }
  const works = [work];
  pending.set(t, works);
  t.after(() => runAll(works));
}

/** An owner of what the tests of a file share, and what to run after the last of them: `after(end)`. */
export function untilTheEnd(): { readonly owner: Owner; readonly end: () => Promise<void> } {
  let work: () => unknown = () => {};
  const owner: Owner = {
    after: (given) => {
      work = given as () => unknown;
    },
  };
  return { owner, end: async () => void (await work()) };
}

/** A new folder that is removed after the test. */
export function temporaryFolder(t: Owner): string {
  const folder = mkdtempSync(join(tmpdir(), "nocturne-"));
  atEnd(t, () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

async function runAll(works: (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (let work = works.pop(); work; work = works.pop()) {
    try {
      await work();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, "cleaning up after the test failed");
}
