/**
 * Messages of a running agent: its operator and its network vouch for whom it hears, and its log says how to write to it.
 *
 *   AgentMessages -> contact -> the agent's log, as soon as it may say something          Agent.contacts -> who may write
 */
import { AGENT_LIMITS } from "../core/agent-limits.ts";
import { systemClock } from "../core/clock.ts";
import { NocturneError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Agent } from "../agents/agent.ts";
import type { Routes } from "../route/routes.ts";
import { AgentMessages } from "./agent-messages.ts";

export interface AgentCorrespondence extends AsyncDisposable {
  readonly messages: AgentMessages;
}

export interface AgentCorrespondenceOptions {
  readonly agent: Agent;
  /** Its own. */
  readonly folder: string;
  readonly relays: readonly string[];
  readonly routes: Routes;
  readonly log: Logger;
}

/** Throws what `AgentMessages.open` throws. */
export async function openAgentCorrespondence(options: AgentCorrespondenceOptions): Promise<AgentCorrespondence> {
  const { agent, folder, relays, routes, log } = options;
  await using opened = new AsyncDisposableStack();
  const about = { network: agent.genesis.network, operator: agent.operator };
  const directory = (): ReturnType<Agent["contacts"]> => agent.contacts();
  const messages = opened.use(
    await AgentMessages.open({ folder, relays, ...about, directory, routes, clock: systemClock, log }),
  );
  const state = (): void => {
    if (!agent.status().isEnrolled) return;
    agent.stateContact(messages.contact()).catch((error: unknown) => {
      const code = error instanceof NocturneError ? error.code : String(error);
      log.warn({ code }, "the agent could not say how to write to it");
    });
  };
  state();
  const timer = setInterval(state, AGENT_LIMITS.contactEachMs).unref();
  opened.defer(() => clearInterval(timer));
  const whole = opened.move();
  return { messages, [Symbol.asyncDispose]: () => whole.disposeAsync() };
}
