/**
 * People with a real messenger over a real vault on disk, and the unruly relay between them.
 *
 *   const { relay, clock, person } = createWorld(t);
 *   const [alice, bob] = [await person("Alice"), await person("Bob")];
 *   await meet(alice, bob);
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../../src/core/clock.ts";
import { createLogger } from "../../src/core/log.ts";
import type { Audience } from "../../src/messaging/attachments.ts";
import { CoverLaw } from "../../src/messaging/cover/cover-law.ts";
import { Messenger } from "../../src/messaging/messenger.ts";
import type { MessengerOptions } from "../../src/messaging/messenger-options.ts";
import type { MessengerEvent } from "../../src/messaging/views.ts";
import { openVault, type Vault } from "../../src/vault/vault.ts";
import { killableAccount } from "./killable-account.ts";
import { UnrulyRelay } from "./unruly-relay.ts";

export const RELAY = "ws://127.0.0.1:1/";
export const WAIT_MS = 30_000;
/** Each look opens rows of a vault. */
const POLL_MS = 10;
const log = createLogger("silent");

/** Connections of one process each, to the relay at `url` or, without one, to the unruly relay. */
export interface Network extends Pick<UnrulyRelay, "connect"> {
  readonly url?: string;
}

/** A person with a real vault on disk; the messenger in front of it can crash and come back. */
export class Person {
  readonly vault: Vault;
  readonly dataDir: string;
  readonly settings = {
    displayName: "",
    readReceipts: false,
    typingIndicators: false,
    invitedOnly: false,
    strangerWork: 0,
  };
  /** When its cells leave; from the next start on. */
  law: MessengerOptions["law"] = new CoverLaw("fast");
  /** What reading may cost; from the next start on. */
  reading: MessengerOptions["reading"];
  /** Keeps summaries of the account at relays; from the next start on. */
  snapshot: MessengerOptions["snapshot"];
  /** What a face would have heard, and which links were ended. */
  readonly events: MessengerEvent[] = [];
  readonly revoked: string[] = [];
  /** For whom each file was shared. */
  readonly audiences: Audience[] = [];
  messenger!: Messenger;
  readonly #relay: Network;
  readonly #clock: { nowMs(): number };
  #kill: () => void = () => {};

  constructor(vault: Vault, dataDir: string, relay: Network, clock: { nowMs(): number }, name: string) {
    this.vault = vault;
    this.dataDir = dataDir;
    this.settings.displayName = name;
    this.#relay = relay;
    this.#clock = clock;
    this.start();
  }

  start(): void {
    const { pool, cut } = this.#relay.connect();
    const { account, kill } = killableAccount(this.vault);
    this.#kill = () => {
      cut();
      kill();
    };
    const options: MessengerOptions = {
      vault: account,
      pool,
      interopPool: pool,
      law: this.law,
      ...(this.reading ? { reading: this.reading } : {}),
      ...(this.snapshot ? { snapshot: this.snapshot } : {}),
      ownRelays: () => [this.#relay.url ?? RELAY],
      embeddedRelay: null,
      shareFile: async (id, audience) => {
        this.audiences.push(audience);
        return { id, name: "plan.pdf", bytes: 3, url: `http://localhost/s/${id}#key` };
      },
      revokeLink: (url) => void this.revoked.push(url),
      settings: () => this.settings,
      linkTo: (account) => this.vault.linkTo(account),
      adoptSettings: (settings) => void Object.assign(this.settings, settings),
      clock: this.#clock,
      log,
    };
    this.messenger = new Messenger(options);
    this.messenger.onEvent((event) => this.events.push(event));
    this.messenger.start();
  }

  /** Ends as kill -9 does: whatever is not committed is gone, nothing is said to anybody. */
  crash(): void {
    this.#kill();
    void this.messenger.stop().catch(() => {});
    this.start();
  }

  /** Becomes a device of the account that made the link, as the node does it. */
  async join(link: string, name: string): Promise<void> {
    const grant = await this.messenger.devices.ask({ link, name }, AbortSignal.timeout(WAIT_MS));
    await this.messenger.stop();
    this.messenger.devices.adopt(grant);
    this.start();
  }

  texts(): string[] {
    return this.messenger.inbox().map((message) => message.text);
  }

  get npub(): string {
    return this.vault.identity().npub;
  }
}

export interface World {
  readonly relay: UnrulyRelay;
  readonly clock: { now: number; nowMs(): number };
  person(name: string): Promise<Person>;
}

export function createWorld(t: TestContext): World {
  const relay = new UnrulyRelay();
  const clock = { now: Date.now(), nowMs: () => clock.now };
  return { relay, clock, person: (name) => createPerson(t, name, relay, clock) };
}

/** `before`: a machine on which somebody comes back, by his recovery key, and what is done before the first start. */
export async function createPerson(
  t: TestContext,
  name: string,
  network: Network,
  clock: Clock,
  before?: { readonly recoveryKey: Uint8Array; readonly prepare: (vault: Vault) => Promise<void> },
): Promise<Person> {
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-messenger-"));
  const vault = await openVault({ dataDir, clock, log, ...(before ? { recoveryKey: before.recoveryKey } : {}) });
  await before?.prepare(vault);
  const made = new Person(vault, dataDir, network, clock, name);
  t.after(async () => {
    await made.messenger.stop();
    vault.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return made;
}

export async function until(condition: () => boolean, what: string): Promise<void> {
  for (const deadline = performance.now() + WAIT_MS; !condition(); await sleep(POLL_MS)) {
    if (performance.now() > deadline) assert.fail(`did not happen: ${what}`);
  }
}

/** Bob uses Alice's invite and Alice accepts. */
export async function meet(alice: Person, bob: Person): Promise<void> {
  const { link } = await alice.messenger.createInvite();
  await bob.messenger.addContact({ invite: link, name: "Alice" });
  await until(() => alice.messenger.contacts().length === 1, "the request arrives");
  alice.messenger.accept("Bob");
  await until(() => bob.messenger.contact("Alice").state === "accepted", "the answer arrives");
}

/** mulberry32: small, and the same sequence for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
