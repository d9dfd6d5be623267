/**
 * Machines that fail together: those whose addresses lie in one /24 (IPv4) or /48 (IPv6), which is mostly one house, one
 * rack or one provider's corner. What many nodes behind one address claim to hold is therefore counted once.
 */
import { isIP } from "node:net";

const IPV4_IN_IPV6 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const GROUPS = 8;
const PREFIX_GROUPS = 3; // of 16 bits: /48

/** A name for the domain of an IP address, without brackets or zone; null for what is no address. */
export function failureDomain(address: string): string | null {
  const [, mapped] = IPV4_IN_IPV6.exec(address) ?? [];
  const plain = mapped ?? address;
  const version = isIP(plain);
  if (version === 4) return `${plain.split(".").slice(0, 3).join(".")}.0/24`;
  return version === 6 ? `${prefixOf(plain)}::/48` : null;
}

/** The first three groups, without leading zeros; `::` stands for as many groups of zeros as are missing. */
function prefixOf(address: string): string {
  const [before = "", after] = address.toLowerCase().split("%")[0]?.split("::") ?? [];
  const groups = before === "" ? [] : before.split(":");
  if (after !== undefined) {
    const tail = after === "" ? [] : after.split(":");
    const tailGroups = tail.length + (tail.at(-1)?.includes(".") ? 1 : 0);
    groups.push(...Array.from({ length: GROUPS - groups.length - tailGroups }, () => "0"), ...tail);
  }
  return groups
    .slice(0, PREFIX_GROUPS)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}
