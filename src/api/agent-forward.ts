/**
 * The way from the app and the command line to the agent of the same data directory, which is a program of its own.
 *
 *   page -> /api/agents/... (session, guard) -> agent-call.ts -> its answer, checked: it may be of another version
 */
import * as v from "valibot";
import {
  InternalError,
  NetworkError,
  type NocturneError,
  PolicyError,
  UsageError,
  ValidationError,
} from "../core/errors.ts";
import { callLocalAgent, type LocalCall } from "./agent-call.ts";
import { apiErrorSchema } from "./schemas.ts";

export interface AgentCall<T> extends LocalCall {
  readonly answer: v.GenericSchema<unknown, T>;
}

/**
 * The agent's answer. Throws NetworkError `agent_not_running`, `outcome_unknown` where it ended while something was to be changed,
 * InternalError `agent_answer` for what the contract does not know, and what the agent refused, with its code and words.
 */
export async function askAgent<T>(dataDir: string, { answer, ...call }: AgentCall<T>): Promise<T> {
  const outcome = await callLocalAgent(dataDir, call);
  if (outcome.kind === "broken" && call.method !== "GET") throw unknownOutcome();
  if (outcome.kind !== "answered") throw notRunning();
  if (outcome.status >= 400) throw refusalOf(outcome.body);
  const { success, output } = v.safeParse(answer, outcome.body);
  if (!success) throw badAnswer();
  return output;
}

const CLASS_OF_FAULT: Readonly<Record<string, typeof ValidationError>> = {
  usage: UsageError,
  policy: PolicyError,
  network: NetworkError,
  internal: InternalError,
};

/** Never as its status: a 401 or 423 of the agent would end the page's own session, or lock it. */
function refusalOf(told: unknown): NocturneError {
  const { success, output } = v.safeParse(apiErrorSchema, told);
  if (!success) return badAnswer();
  const { code, message, hint, fault } = output.error;
  const Fault = CLASS_OF_FAULT[fault] ?? ValidationError;
  return new Fault(code, message, hint === undefined ? {} : { hint });
}

function notRunning(): NetworkError {
  return new NetworkError("agent_not_running", "No agent is running in this data directory.", {
    hint: "Start it with: nocturne-agent start",
  });
}

function unknownOutcome(): NetworkError {
  return new NetworkError("outcome_unknown", "The agent ended during this call: it may have taken effect or not.", {
    hint: "Look whether it did before you do it again.",
  });
}

function badAnswer(): InternalError {
  return new InternalError("agent_answer", "The running agent gave an answer that cannot be read.", {
    hint: "It may be of another version: stop it and start it again.",
  });
}
