/**
 * The channels while the vault is open, with files of the library attached to their posts.
 *
 *     start (unlocked) -> a new ChannelService -> stop (before the lock)      nothing of it outlives a lock
 *     post with file ids -> a persistent link for each file -> NewPost        refused: the links end again
 */
import { LockedError } from "../core/errors.ts";
import { ChannelService, type ChannelServiceOptions } from "../messaging/channel/channel-service.ts";
import type { ChannelEvent, ChannelPost } from "../messaging/channel/views.ts";
import type { MessageFile } from "../messaging/views.ts";

export interface ChannelRoomOptions extends ChannelServiceOptions {
  /** A file of the library as an attachment, by a link of its own. */
  readonly shareFile: (fileId: string) => Promise<MessageFile>;
  /** Ends the link of this URL. */
  readonly revokeLink: (url: string) => void;
  readonly onEvent: (event: ChannelEvent) => void;
}

/** A post as a person asks for it. */
export interface PostRequest {
  readonly text: string;
  /** Ids of files of the library. */
  readonly files?: readonly string[];
  readonly replyTo?: number;
}

export class ChannelRoom {
  readonly #o: ChannelRoomOptions;
  #service: ChannelService | null = null;

  constructor(options: ChannelRoomOptions) {
    this.#o = options;
  }

  /** Throws LockedError while the vault is closed, and offline. */
  get open(): ChannelService {
    if (!this.#service) throw new LockedError();
    return this.#service;
  }

  /** Call after each unlock. */
  start(): void {
    if (this.#service) return;
    const service = new ChannelService(this.#o);
    service.onEvent(this.#o.onEvent);
    service.start();
    this.#service = service;
  }

  /** Ends all work; call it before the vault is locked. */
  async stop(): Promise<void> {
    const service = this.#service;
    this.#service = null;
    await service?.stop();
  }

  /** Throws what `ChannelService.post` throws, and what sharing a file does. */
  async post(channel: string, { text, files = [], replyTo }: PostRequest): Promise<ChannelPost> {
    const shared: MessageFile[] = [];
    try {
      for (const id of files) shared.push(await this.#o.shareFile(id));
      return this.open.post(channel, { text, files: shared, ...(replyTo === undefined ? {} : { replyTo }) });
    } catch (error) {
      for (const { url } of shared) this.#o.revokeLink(url);
      throw error;
    }
  }

  /** Takes a post of ours back, and ends the links of its files. Throws as `ChannelService.deletePost` does. */
  deletePost(channel: string, n: number): ChannelPost {
    const entry = this.open.posts(channel, { before: n + 1, limit: 1 }).entries.at(-1);
    const deleted = this.open.deletePost(channel, n);
    const files = entry?.type === "post" && entry.n === n ? entry.files : [];
    for (const { url } of files) this.#o.revokeLink(url);
    return deleted;
  }
}
