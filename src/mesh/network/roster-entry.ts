/** What is known of one node. */
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { failureDomain } from "../placement/failure-domain.ts";
import type { Address } from "../rooms.ts";
import type { Announcement } from "./announcement.ts";
import { UNOBSERVED, type UptimeRecord } from "./uptime.ts";

export interface RosterEntry {
  said: Announcement;
  /** The announcement as the node signed it. */
  bytes: Uint8Array;
  heardAtMs: number;
  answeredAtMs: number;
  /** When it was last known to have what it took: audited, or it answered without having been away for long. */
  trustedAtMs: number;
  /** Null while nobody here asked it anything. */
  askedAtMs: number | null;
  uptime: UptimeRecord;
  /** Of the address at which it was reached last; null while that is not known. */
  domain: string | null;
  /** Of the first address that it announced. */
  announcedDomain: string;
}

/** All nodes without an address are one domain: nothing shows that they do not fail together. */
const NOWHERE = "nowhere";

export function newEntry(said: Announcement, bytes: Uint8Array, nowMs: number): RosterEntry {
  return {
    said,
    bytes,
    heardAtMs: nowMs,
    answeredAtMs: 0,
    trustedAtMs: 0,
    askedAtMs: null,
    uptime: UNOBSERVED,
    domain: null,
    announcedDomain: announcedDomain(said),
  };
}

/** What it says first. */
export function announcedDomain({ addresses, meshAddresses }: Announcement): string {
  const first = addresses[0] ?? meshAddresses[0];
  return (first ? failureDomain(first.host) : null) ?? NOWHERE;
}

/** Where it was reached, else what it says first. */
export function domainOfEntry({ domain, announcedDomain }: RosterEntry): string {
  return domain ?? announcedDomain;
}

/** Null unless it is one of the addresses that the node announced itself. */
export function reachedDomain({ said }: RosterEntry, by: Address | undefined): string | null {
  const isAnnounced = said.addresses.some(({ host, port }) => host === by?.host && port === by.port);
  return by && isAnnounced ? failureDomain(by.host) : null;
}

/** Whether others would still take its announcement. */
export function isFresh({ said }: RosterEntry, nowMs: number): boolean {
  return nowMs - said.madeAtMs < MESH_LIMITS.announcementMs;
}
