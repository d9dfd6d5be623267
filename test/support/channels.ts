/** For tests of channels: people with a vault on disk, on a relay as it really runs. */
import type { TestContext } from "node:test";
import { RELAY_LIMITS } from "../../src/core/limits.ts";
import { createLogger } from "../../src/core/log.ts";
import { ChannelService } from "../../src/messaging/channel/channel-service.ts";
import type { ChannelEvent, ChannelPost } from "../../src/messaging/channel/views.ts";
import type { RelayLimits } from "../../src/relay/relay-info.ts";
import { type RunningRelay, startRelay } from "../../src/relay/relay-server.ts";
import { openVault, type Vault } from "../../src/vault/vault.ts";
import type { RelayPool } from "../../src/route/relay-pool.ts";
import { atEnd, temporaryFolder } from "./cleanup.ts";
import { createPool } from "./route.ts";

const log = createLogger("silent");

/** A clock that goes on by itself and can be moved ahead. */
export class MovableClock {
  #aheadMs = 0;

  nowMs(): number {
    return Date.now() + this.#aheadMs;
  }

  move(ms: number): void {
    this.#aheadMs += ms;
  }
}

export interface ChannelRelayOptions {
  readonly dataDir?: string;
  readonly port?: number;
  readonly limits?: Partial<RelayLimits>;
}

export async function startChannelRelay(t: TestContext, options: ChannelRelayOptions = {}): Promise<RunningRelay> {
  const { dataDir = temporaryFolder(t), port = 0, limits = {} } = options;
  // Far ahead, because a relay refuses events that are dated ahead of its own clock.
  const clock = { nowMs: () => Date.now() + 400 * 86_400_000 };
  const all = { ...RELAY_LIMITS, ...limits };
  const relay = await startRelay({ host: "127.0.0.1", port, dataDir, name: "test", log, clock, limits: all });
  atEnd(t, () => relay.close());
  return relay;
}

/** Somebody with channels, who may stop and start again. */
export class ChannelPerson {
  service!: ChannelService;
  pool!: RelayPool;
  readonly events: ChannelEvent[] = [];
  readonly vault: Vault;
  readonly #t: TestContext;
  readonly #clock: MovableClock;
  readonly #relays: readonly string[];

  private constructor(t: TestContext, vault: Vault, clock: MovableClock, relays: readonly string[]) {
    this.#t = t;
    this.vault = vault;
    this.#clock = clock;
    this.#relays = relays;
  }

  static async create(
    t: TestContext,
    clock: MovableClock,
    relays: readonly string[],
    dataDir: string = temporaryFolder(t),
  ): Promise<ChannelPerson> {
    const vault = await openVault({ dataDir, clock, log });
    atEnd(t, () => vault.close());
    const person = new ChannelPerson(t, vault, clock, relays);
    person.start();
    atEnd(t, () => person.service.stop());
    return person;
  }

  start(): void {
    this.pool = createPool(this.#t);
    const { vault, pool } = this;
    this.service = new ChannelService({ vault, pool, ownRelays: () => this.#relays, clock: this.#clock, log });
    this.service.onEvent((event) => void this.events.push(event));
    this.service.start();
  }

  /** Writes nothing more: what was not committed is gone. */
  async stop(): Promise<void> {
    await this.service.stop();
    await this.pool.close();
  }

  /** The shown texts, lowest number first, gaps as "[from-to]", the end as "[moved]". */
  shown(channel: string): string[] {
    return this.service.posts(channel).entries.map((entry) => {
      if (entry.type === "gap") return `[${entry.from}-${entry.to}]`;
      return entry.type === "moved" ? "[moved]" : describe(entry);
    });
  }
}

function describe(post: ChannelPost): string {
  return post.deleted ? "[deleted]" : post.text;
}
