/**
 * Which devices count at a moment, and whose they are: a pure function of certificates, in any order and with repeats.
 *
 * A device counts for an operator if he has standing, his certificate for it that was made last is valid, and it is among the first so many as his
 * endorsers allow: the ones that he certified first, of the same moment the lower key. That order does not change when certificates are renewed.
 * A key that has certified devices itself, or is in the genesis, is an operator's and no device's.
 *
 * Two operators may certify one device; which of them it belongs to says the first entry of its log. So nobody can take somebody else's device by a
 * certificate of his own, nor put it out by having its key endorsed.
 */
import type { DeviceId, OperatorId } from "../agent-ids.ts";
import type { Certificate } from "./certificate.ts";
import type { Genesis } from "./genesis.ts";
import { isLater } from "./latest.ts";
import type { Standing } from "./trust-graph.ts";

/** Of each operator, the devices that count, in their order. */
export type Devices = ReadonlyMap<OperatorId, readonly DeviceId[]>;

interface Certified {
  readonly device: DeviceId;
  firstMs: number;
  latest: Certificate;
}

export function devicesOf(
  genesis: Genesis,
  certificates: Iterable<Certificate>,
  standing: ReadonlyMap<OperatorId, Standing>,
  atMs: number,
): Devices {
  const known = [...certificates].filter(({ network, madeAtMs }) => network === genesis.network && madeAtMs <= atMs);
  const operatorKeys = new Set<string>([...genesis.operators, ...known.map(({ operator }) => operator)]);
  const certified = new Map<OperatorId, Map<DeviceId, Certified>>();
  for (const certificate of known) {
    if (!standing.has(certificate.operator) || operatorKeys.has(certificate.device)) continue;
    const devices = certified.get(certificate.operator) ?? new Map<DeviceId, Certified>();
    certified.set(certificate.operator, devices);
    add(devices, certificate);
  }
  return new Map(
    [...certified].map(([operator, devices]) => {
      const valid = [...devices.values()].filter(({ latest }) => latest.notAfterMs >= atMs).sort(byAge);
      return [operator, valid.slice(0, standing.get(operator)?.mostAgents).map(({ device }) => device)];
    }),
  );
}

/** Whether what this device says counts as this operator's. */
export function isEntitled(device: DeviceId, operator: OperatorId, devices: Devices): boolean {
  return devices.get(operator)?.includes(device) ?? false;
}

function add(devices: Map<DeviceId, Certified>, certificate: Certificate): void {
  const { device, madeAtMs } = certificate;
  const known = devices.get(device);
  if (!known) {
    devices.set(device, { device, firstMs: madeAtMs, latest: certificate });
    return;
  }
  known.firstMs = Math.min(known.firstMs, madeAtMs);
  if (isLater(certificate, known.latest)) known.latest = certificate;
}

function byAge(a: Certified, b: Certified): number {
  return a.firstMs - b.firstMs || (a.device < b.device ? -1 : 1);
}
