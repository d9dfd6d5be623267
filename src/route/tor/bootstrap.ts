/** How far Tor has come in connecting, in plain words. Pure. */
import type { RouteProblem } from "../route.ts";
import { readWords } from "./control-text.ts";

export interface Bootstrap {
  /** 0 to 100; from 100 on it can be used. */
  readonly progress: number;
  readonly doing: string;
  /** What keeps it from going on; null while nothing is known to. */
  readonly problem: RouteProblem | null;
}

/**
 * Reads a status line: `NOTICE BOOTSTRAP PROGRESS=50 TAG=loading_descriptors SUMMARY="Loading relay descriptors"`, the
 * same in GETINFO status/bootstrap-phase and, behind its name, in the event STATUS_CLIENT. Null for another one.
 */
export function readBootstrap(line: string): Bootstrap | null {
  const { plain, named } = readWords(line);
  if (!plain.includes("BOOTSTRAP")) return null;
  const progress = Number(named.get("PROGRESS"));
  if (!Number.isInteger(progress) || progress < 0 || progress > 100) return null;
  const doing = named.get("SUMMARY") ?? "";
  const warning = plain.includes("WARN") && named.get("RECOMMENDATION") !== "ignore" ? named.get("WARNING") : undefined;
  return { progress, doing, problem: warning === undefined ? null : cannotConnect(warning) };
}

function cannotConnect(warning: string): RouteProblem {
  return {
    code: "tor_cannot_connect",
    message: `Tor cannot connect to its network: ${warning}.`,
    hint: "Check the connection of this machine; where Tor is blocked, choose bridges.",
  };
}
