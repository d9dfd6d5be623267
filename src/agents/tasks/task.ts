/** A task as it stands now, for whoever looks for something to do: the shape in which the local API says it. */
import type { EntryId, OperatorId } from "../agent-ids.ts";
import type { ResultId } from "./task-ids.ts";

export type TaskType = "synthesize" | "verify" | "consolidate" | "reflect" | "fill_gap" | "compute";

/**
 * `done`: a result that nobody checked. `checked`: more found it right than wrong. `disputed`: others, and it is open
 * again.
 */
export type TaskState = "open" | "leased" | "done" | "checked" | "disputed";

export interface TaskLease {
  readonly operator: OperatorId;
  readonly untilMs: number;
}

export interface CountedCheck {
  readonly operator: OperatorId;
  readonly isRight: boolean;
  /** Text of others. */
  readonly note: string;
}

export interface ShownResult {
  readonly id: ResultId;
  readonly operator: OperatorId;
  readonly entry: EntryId | null;
  /** Text of others. */
  readonly note: string;
}

export interface Task {
  /** A TaskId; of `compute` a JobId; of `fill_gap` one that means nothing to anybody else. */
  readonly id: string;
  readonly type: TaskType;
  readonly domain: string | null;
  /** Why there is this task, in words of this program. */
  readonly reason: string;
  readonly entries: readonly EntryId[];
  readonly state: TaskState;
  readonly lease: TaskLease | null;
  readonly result: ShownResult | null;
  readonly checks: readonly CountedCheck[];
}
