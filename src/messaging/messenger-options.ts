/** What a messenger is handed by whoever opens it. */

import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { RelayPool } from "../route/relay-pool.ts";
import type { Account } from "../vault/account.ts";
import type { LinkedAccount } from "../vault/identity.ts";
import type { Audience } from "./attachments.ts";
import type { StreamLaw } from "./cover/streams.ts";
import type { ReadingOptions } from "./fetch/fetching.ts";
import type { SyncedSettings } from "./device/sync-item.ts";
import type { SnapshotSource } from "./snapshot/publisher.ts";
import type { MessageFile } from "./views.ts";

export interface MessengerOptions {
  readonly vault: Account;
  /** Connections on which nobody is known: cells, cards, blobs. */
  readonly pool: RelayPool;
  /** Connections on which relays know who we are, because NIP-17 demands it; none other may be used for anything else. */
  readonly interopPool: RelayPool;
  /** When cells leave; one for all identities of a node. */
  readonly law: StreamLaw;
  /** What reading may cost. Absent: whole crowds, whatever they cost. */
  readonly reading?: ReadingOptions;
  /** Where this node collects its letters, the embedded relay first. */
  readonly ownRelays: () => readonly string[];
  readonly embeddedRelay: string | null;
  /** A sealed link to a library file, for an attachment. */
  readonly shareFile: (fileId: string, audience: Audience) => Promise<MessageFile>;
  /** Ends the share link of an attachment that disappears or is deleted; other people's URLs are left alone. */
  readonly revokeLink: (url: string) => void;
  readonly settings: () => MessengerSettings;
  /** Makes the account one whose keys lie on another device; null where that cannot be. */
  readonly linkTo: ((account: LinkedAccount) => void) | null;
  /** For the summary of the account that the recovery key alone finds; absent where none is kept. */
  readonly snapshot?: SnapshotSource;
  /** Takes over what was set on another device of this account. */
  readonly adoptSettings: (settings: SyncedSettings) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface MessengerSettings {
  readonly displayName: string;
  readonly readReceipts: boolean;
  readonly typingIndicators: boolean;
  readonly invitedOnly: boolean;
  /** Bits of work that strangers are to show; 0 demands nothing. */
  readonly strangerWork: number;
}
