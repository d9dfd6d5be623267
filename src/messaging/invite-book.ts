/** The invites that we gave out and that still live: needed to tell an invited guest from a stranger. */

import { equalBytes, fromBase64Url, fromHex, toBase64Url } from "../core/bytes.ts";
import type { Account } from "../vault/account.ts";
import type { SealedTable } from "../vault/sealed-table.ts";
import { dropAuthor, type InviteLink, inviteProof } from "./invite.ts";

interface InviteRow {
  /** Hex key of the drop, unique to the invite. */
  readonly author: string;
  /** base64url, 16 bytes. */
  readonly secret: string;
  readonly expiresAtMs: number;
}

export class InviteBook {
  readonly #table: SealedTable<InviteRow>;

  constructor(vault: Account) {
    this.#table = vault.table<InviteRow>({ name: "invites", key: (row) => row.author });
  }

  add(invite: InviteLink): void {
    this.#table.put({
      author: dropAuthor(invite.secret),
      secret: toBase64Url(invite.secret),
      expiresAtMs: invite.expiresAtMs,
    });
  }

  /** True when `guest` proves to hold one of our living invites. Forgets the expired ones on the way. */
  isInvited(proof: string, host: string, guest: string, nowMs: number): boolean {
    let invited = false;
    for (const row of this.#table.list({})) {
      if (row.expiresAtMs < nowMs) this.#table.delete(row.author);
      else if (equalBytes(fromHex(inviteProof(fromBase64Url(row.secret), host, guest)), fromHex(proof))) invited = true;
    }
    return invited;
  }
}
