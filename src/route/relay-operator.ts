/** Whether two relays are of two operators, as far as their names tell: the host, or the domain that somebody registered. */

import { UsageError } from "../core/errors.ts";

const IP_ADDRESS = /^[\d.]+$|^\[/;
/** `co.uk`, `com.au`: under these, two names say nothing of each other. */
const SHARED_ENDING = /^[a-z]{2,3}\.[a-z]{2}$/;

/**
 * Two names of one relay would see both queries, and so which record is wanted. That one operator has two domains, no
 * name shows. Throws UsageError `same_operator`.
 */
export function checkTwoOperators(pair: readonly [string, string]): void {
  const [a, b] = pair.map((url) => operatorOf(new URL(url).hostname));
  if (a !== b) return;
  const message = "These two relays seem to be run by one operator, who would see what is read.";
  throw new UsageError("same_operator", message, { hint: "Choose relays of two operators." });
}

function operatorOf(host: string): string {
  if (IP_ADDRESS.test(host)) return host;
  const labels = host.replace(/\.$/, "").split(".");
  const ending = labels.slice(-2).join(".");
  return SHARED_ENDING.test(ending) ? labels.slice(-3).join(".") : ending;
}
