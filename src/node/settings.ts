/** What the person chose, in one sealed value of the vault. */

import { utf8Encode } from "../core/bytes.ts";
import { ValidationError } from "../core/errors.ts";
import { FETCH_LIMITS, WORK_LIMITS } from "../core/cell-limits.ts";
import { MESSAGE_LIMITS, ROUTE_LIMITS } from "../core/limits.ts";
import type { CoverProfile } from "../messaging/cover/cover-law.ts";
import { isOnionHost } from "../route/tor/onion-key.ts";
import type { Vault } from "../vault/vault.ts";
import { normalizeRelayUrl } from "./relay-url.ts";
import type { Settings } from "./views.ts";

/** Also while the vault is locked, which keeps the choice. */
export const DEFAULT_COVER: CoverProfile = "balanced";

/** Nothing is told to anybody and no stranger's relay is used before the person says so. */
const DEFAULTS: Settings = {
  displayName: "",
  relays: [],
  readReceipts: false,
  typingIndicators: false,
  invitedOnly: false,
  readingMegabytesPerHour: FETCH_LIMITS.budgetBytesPerHour / 1_000_000,
  cover: DEFAULT_COVER,
  strangerWork: WORK_LIMITS.usualBits,
  recoveryConfirmed: false,
};

const META_KEY = "settings";

export class SettingsStore {
  readonly #vault: Vault;

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  /** Throws LockedError. */
  read(): Settings {
    return { ...DEFAULTS, ...this.#vault.readMeta<Partial<Settings>>(META_KEY) };
  }

  /** Throws ValidationError `name_too_long`, `bad_relay_url`, `too_many_relays`, `bad_budget`; LockedError. */
  change(patch: Partial<Settings>): Settings {
    const next = { ...this.read(), ...patch };
    const settings = { ...next, displayName: checkName(next.displayName), relays: checkRelays(next.relays) };
    checkBudget(next.readingMegabytesPerHour);
    this.#vault.writeMeta(META_KEY, settings);
    return settings;
  }
}

/** Throws ValidationError `name_too_long`. */
export function checkName(name: string): string {
  const trimmed = name.normalize("NFC").trim();
  if (utf8Encode(trimmed).length <= MESSAGE_LIMITS.nameBytes) return trimmed;
  throw new ValidationError("name_too_long", `A name may take ${MESSAGE_LIMITS.nameBytes} bytes at most.`, {
    hint: "Choose a shorter name.",
  });
}

function checkBudget(megabytes: number): void {
  const { mostMegabytesPerHour } = FETCH_LIMITS;
  if (Number.isInteger(megabytes) && megabytes >= 1 && megabytes <= mostMegabytesPerHour) return;
  throw new ValidationError("bad_budget", "This is no budget for reading.", {
    hint: `Use whole megabytes an hour, from 1 to ${mostMegabytesPerHour}.`,
  });
}

function checkRelays(relays: readonly string[]): string[] {
  const checked = [...new Set(relays.map(checkRelay))];
  if (checked.length < ROUTE_LIMITS.relays) return checked;
  throw new ValidationError("too_many_relays", `You can use ${ROUTE_LIMITS.relays - 1} relays at most.`, {
    hint: "Remove one first.",
  });
}

/** Addresses of onion services carry a checksum, so that a slip is told at once and not by a relay that never answers. */
function badOnion(): ValidationError {
  return new ValidationError("bad_relay_url", "This onion address is not whole, or has a slip in it.", {
    hint: "Copy it once more: it has 56 letters and digits before .onion.",
  });
}

/** Throws ValidationError `bad_relay_url`. */
export function checkRelay(text: string): string {
  const url = normalizeRelayUrl(text);
  const host = url === null ? "" : new URL(url).hostname;
  if (host.endsWith(".onion") && !isOnionHost(host)) throw badOnion();
  if (url !== null) return url;
  throw new ValidationError("bad_relay_url", "This is not the address of a relay.", {
    hint: "A relay's address begins with wss:// or ws:// and has no password in it.",
  });
}
