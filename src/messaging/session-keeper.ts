/**
 * Keeps sessions young: renews their keys when it is this device's turn, makes lost changes again, and forgets what was
 * kept only for latecomers. What it commits goes into the outbox in the same transaction.
 */

import { toBase64Url } from "../core/bytes.ts";
import type { Outbox } from "./outbox.ts";
import { type Committed, sessionMembers } from "./session/session.ts";
import { commitId, type Sessions } from "./session/sessions.ts";

export interface SessionKeeperOptions {
  readonly sessions: Sessions;
  readonly outbox: Outbox;
  /** A change that was lost is made again; runs in the transaction, and what it returns afterwards. */
  readonly made: (made: Committed) => () => Promise<void>;
  readonly wake: (device: string) => void;
}

export class SessionKeeper {
  readonly #o: SessionKeeperOptions;

  constructor(options: SessionKeeperOptions) {
    this.#o = options;
  }

  /** Commits fresh keys where they are due. */
  async renew(): Promise<void> {
    for (const id of this.#o.sessions.due()) {
      await this.#o.sessions.commit(
        id,
        () => ({}),
        (made) => this.post(id, made),
      );
      this.#wakeAll(id);
    }
  }

  /** Commits again what of ours a competing commit has undone. */
  async repeatLost(id: string): Promise<void> {
    const after: { post: () => Promise<void> } = { post: async () => {} };
    await this.#o.sessions.repeatLost(id, (made) => {
      this.post(id, made);
      after.post = this.#o.made(made);
    });
    await after.post();
    this.#wakeAll(id);
  }

  /** Forgets what is over. True if keys went, which should leave the disk, too. */
  forgetOld(): Promise<boolean> {
    return this.#o.sessions.forgetOld((letterId) => this.#o.outbox.rowsOf(letterId).length > 0);
  }

  /** A commit of ours to all who need it; call inside a transaction. */
  post(session: string, { commit }: Committed): void {
    const { epoch, message, to } = commit;
    const content = { profile: "commit", session, epoch, message: toBase64Url(message) } as const;
    for (const { device } of to) this.#o.outbox.add({ id: commitId(message), to: device, content, unsaved: true });
  }

  #wakeAll(session: string): void {
    const current = this.#o.sessions.read(session);
    for (const { device } of current ? sessionMembers(current) : []) this.#o.wake(device);
  }
}
