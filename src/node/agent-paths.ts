/**
 * Where an agent keeps its things, in the data directory. It has no vault: who can read this folder can be this agent.
 *
 *   agent/   agent.json     genesis, key of a private network, where others are, where it listens     agent-settings.ts
 *            operator.key   keys of the operator, unless they are kept elsewhere                      operator-keys.ts
 *            device.key     seed of the key that signs its log
 *            certificate    the operator's, for the device           enrolment    three endorsements, for who is not in the genesis
 *            journal.db, knowledge.db, votes.db, network.db          what `src/agents/agent.ts` keeps
 *            messages/      a vault of its own for messages of agents                                 agent-messages.ts
 *            lock           held while it runs                       agent.log    what it says in the background
 *            api.json       port and pid of the local API            token        for programs that use it; new at each start
 */
import { join } from "node:path";

export interface AgentPaths {
  readonly folder: string;
  readonly settings: string;
  readonly operatorKeys: string;
  readonly deviceKey: string;
  readonly certificate: string;
  readonly enrolment: string;
  readonly messages: string;
  readonly lock: string;
  readonly log: string;
  readonly api: string;
  readonly token: string;
  /** What another machine of the same person is set up with, once. */
  readonly invitation: string;
}

export function agentPaths(dataDir: string): AgentPaths {
  const folder = join(dataDir, "agent");
  return {
    folder,
    settings: join(folder, "agent.json"),
    operatorKeys: join(folder, "operator.key"),
    deviceKey: join(folder, "device.key"),
    certificate: join(folder, "certificate"),
    enrolment: join(folder, "enrolment"),
    messages: join(folder, "messages"),
    lock: join(folder, "lock"),
    log: join(folder, "agent.log"),
    api: join(folder, "api.json"),
    token: join(folder, "token"),
    invitation: join(folder, "other-machine.invitation"),
  };
}
