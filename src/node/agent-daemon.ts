/**
 * A running agent of a data directory.
 *
 *   agent.json, device.key, certificate, enrolment -> Agent          the lock is held by whoever calls
 */
import { wipeBytes } from "../core/bytes.ts";
import type { Logger } from "../core/log.ts";
import { ed25519 } from "../crypto/signing.ts";
import { Agent } from "../agents/agent.ts";
import { readFileIfPresent } from "../vault/durable-file.ts";
import { currentCertificate } from "./agent-certificate.ts";
import type { AgentPaths } from "./agent-paths.ts";
import { type AgentSettings, genesisIn } from "./agent-settings.ts";
import { readSeed } from "./seed-file.ts";

/**
 * Its certificate is made anew first, if that is due and can be done. Throws CodecError `device_key_corrupt`, `agent_settings_corrupt`,
 * ValidationError `agent_missing`, and what `Agent.start` throws.
 */
export function startAgentDaemon(paths: AgentPaths, settings: AgentSettings, log: Logger): Promise<Agent> {
  const genesis = genesisIn(settings, paths.settings);
  const seed = readSeed(paths.deviceKey, "device_key_corrupt", "Put the right file back.");
  const device = ed25519.createKeyPair(seed);
  wipeBytes(seed);
  const { host, port, ...rest } = settings;
  return Agent.start({
    ...rest,
    folder: paths.folder,
    genesis,
    device,
    certificate: currentCertificate(paths, genesis, device, Date.now()),
    enrolment: readFileIfPresent(paths.enrolment),
    listen: { host, port },
    log,
  });
}
