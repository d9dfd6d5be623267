/**
 * Calls to the agent that outlive it: it may not have begun, may just be starting, may be killed in the middle.
 *
 *              absent                            broken off
 *   read       started, waited for, repeated     repeated
 *   write      started, waited for, repeated     never repeated: `outcome_unknown`, the caller looks for himself
 */
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { MCP_LIMITS } from "../core/agent-limits.ts";
import { InternalError, NetworkError, NocturneError } from "../core/errors.ts";
import { callLocalAgent, type LocalCall, type Outcome } from "../api/agent-call.ts";

/** Resolves when an agent runs in the data directory, also if it did before. Throws NocturneError why none can. */
export type AgentStarter = () => Promise<void>;

/** A host that is gone needs no answer any more: waiting does not keep the process. */
const UNHELD = { ref: false };

type Answered = Extract<Outcome, { kind: "answered" }>;

/** What the agent says against a call. Its words may quote others: they are shown as such. */
export class AgentRefusal extends NocturneError {
  readonly status: number;

  constructor(status: number, code: string, message: string, hint: string | undefined) {
    super(code, message, hint === undefined ? {} : { hint });
    this.status = status;
  }
}

const refusal = z.object({
  error: z.object({
    code: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/),
    message: z.string(),
    hint: z.string().optional(),
  }),
});

export class AgentCalls {
  readonly dataDir: string;
  readonly #start: AgentStarter;
  readonly #waitMs: number;
  #starting: Promise<void> | null = null;
  #wasThere = false;

  constructor(dataDir: string, start: AgentStarter, waitMs: number = MCP_LIMITS.waitMs) {
    [this.dataDir, this.#start, this.#waitMs] = [dataDir, start, waitMs];
  }

  /**
   * The answer to a call that changes nothing. Throws AgentRefusal; NetworkError `agent_not_running`; InternalError `agent_answer`,
   * `no_such_call`; and what the starter throws.
   */
  async read<T>(path: string, answer: z.ZodType<T>): Promise<T> {
    return parseAnswer(await this.#ask({ method: "GET", path }, true), answer);
  }

  /** As `read`, for a call that changes something; NetworkError `outcome_unknown` where it may have. */
  async write<T>(path: string, body: unknown, answer: z.ZodType<T>): Promise<T> {
    return parseAnswer(await this.#ask({ method: "POST", path, body }, false), answer);
  }

  async #ask(call: LocalCall, isRepeatable: boolean): Promise<Answered> {
    const begunMs = performance.now();
    for (;;) {
      const outcome = await callLocalAgent(this.dataDir, call);
      this.#wasThere ||= outcome.kind !== "absent";
      if (outcome.kind === "answered") return outcome;
      if (outcome.kind === "broken" && !isRepeatable) throw unknownOutcome();
      const goneMs = performance.now() - begunMs;
      if (goneMs > this.#waitMs) throw notRunning();
      // Somebody who stops it and starts it again shall not find that we were quicker.
      if (!this.#wasThere || goneMs > MCP_LIMITS.returnMs) await this.#started();
      await sleep(MCP_LIMITS.pollMs, null, UNHELD);
    }
  }

  #started(): Promise<void> {
    this.#starting ??= this.#start().finally(() => (this.#starting = null));
    return this.#starting;
  }
}

/** Query part of a path, without what was not said; a list as one parameter for each. */
export function queryOf(values: Readonly<Record<string, string | number | readonly string[] | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) query.append(name, `${one}`);
  }
  return query.size === 0 ? "" : `?${query.toString()}`;
}

function parseAnswer<T>({ status, body }: Answered, answer: z.ZodType<T>): T {
  if (status >= 400) throw refusalOf(status, body);
  const parsed = answer.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new InternalError("agent_answer", "The running agent gave an answer that cannot be read.", OTHER_VERSION);
}

function refusalOf(status: number, body: unknown): NocturneError {
  const parsed = refusal.safeParse(body);
  if (!parsed.success) {
    return new InternalError("no_such_call", `The running agent does not know this call (${status}).`, OTHER_VERSION);
  }
  const { code, message, hint } = parsed.data.error;
  return new AgentRefusal(status, code, message, hint);
}

const OTHER_VERSION = { hint: "It may be of another version: stop it and start it again." };

function notRunning(): NetworkError {
  return new NetworkError("agent_not_running", "No agent is running in this data directory.", {
    hint: "Start it with: nocturne-agent start",
  });
}

function unknownOutcome(): NetworkError {
  return new NetworkError("outcome_unknown", "The agent ended during this call: it may have taken effect or not.", {
    hint: "It was not repeated. Look with mesh_query whether it took effect.",
  });
}
