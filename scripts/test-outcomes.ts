/**
 * A reporter for node:test that writes one JSON line for each test, so that `scripts/test.ts` can count them:
 * `{"outcome":"passed|failed|skipped|todo","name","file","reason"}`.
 */
import type { TestEvent } from "node:test/reporters";

type TestResult = Extract<TestEvent, { type: "test:pass" | "test:fail" }>["data"];

const REASON_CHARACTERS = 500;

export interface Outcome {
  readonly outcome: "passed" | "failed" | "skipped" | "todo";
  readonly name: string;
  readonly file: string;
  /** Why it was skipped or failed; else empty. */
  readonly reason: string;
}

export default async function* reportOutcomes(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    if (event.type !== "test:pass" && event.type !== "test:fail") continue;
    if (event.data.details.type === "suite") continue;
    yield `${JSON.stringify(toOutcome(event.data, event.type === "test:pass"))}\n`;
  }
}

function toOutcome(data: TestResult, passed: boolean): Outcome {
  const test = { name: data.name, file: data.file ?? "", reason: "" };
  if (data.skip !== undefined && data.skip !== false) return { ...test, outcome: "skipped", reason: String(data.skip) };
  if (data.todo !== undefined && data.todo !== false) return { ...test, outcome: "todo" };
  // node:test passes a file in which nothing was tested, under the file's own name.
  if (passed && data.nesting === 0 && test.file.endsWith(data.name) && data.name.endsWith(".test.ts")) {
    return { ...test, outcome: "failed", reason: "the file holds no test" };
  }
  return passed ? { ...test, outcome: "passed" } : { ...test, outcome: "failed", reason: whyFailed(data) };
}

/** In one line: the summary may be all that is left of a run. */
function whyFailed({ details }: TestResult): string {
  const thrown = "error" in details ? details.error : null;
  const error = thrown?.cause ?? thrown;
  const told = error instanceof Error ? error.message : String(error);
  return told.replaceAll(/\s+/g, " ").slice(0, REASON_CHARACTERS);
}
