/**
 * Onion services of this node: told to each tor anew, because Tor itself keeps nothing of them.
 *
 *   publish -> wanted -> ADD_ONION at each new connection for commands -> HS_DESC UPLOADED: up -> reach-probe
 *                              ^ again when no upload is told in publishMs, or the probe fails        close -> DEL_ONION
 *
 * Keys go over a socket that our user alone can open, and Tor is told to forget them (DiscardPK). Why visitors are not
 * asked for work (PoWDefensesEnabled), docs/tor.md says.
 */
import type { Logger } from "../../core/log.ts";
import { TOR_LIMITS } from "../../core/route-limits.ts";
import type { RouteState } from "../route.ts";
import { clientWord } from "./client-authorization.ts";
import type { ControlClient } from "./control-client.ts";
import { readWords, type Word } from "./control-text.ts";
import { onionHost, onionSecret } from "./onion-key.ts";
import { probeReach } from "./reach-probe.ts";
import type { Tor } from "./tor.ts";

export interface OnionService {
  /** 32 bytes, kept by the caller; the address follows from them. */
  readonly seed: Uint8Array;
  /** Under which visitors ask for it. */
  readonly port: number;
  /** Of 127.0.0.1, where it is served. */
  readonly localPort: number;
  /** Public keys of who may come, as `readClientLine` reads them; absent: everybody. */
  readonly clients?: readonly Uint8Array[];
}

export interface OnionHandle {
  readonly host: string;
  /** `up` once the network was told of it. */
  state(): RouteState;
  close(): void;
}

type Limits = {
  readonly [name in
    | "publishMs"
    | "services"
    | "authorizedClients"
    | "visitorStreams"
    | "serviceProbeMs"
    | "serviceAnswerMs"
    | "serviceFailures"]: number;
};

/** What commands go through. */
type Commands = Pick<ControlClient, "command" | "listen">;

export interface OnionServicesOptions {
  readonly tor: Pick<Tor, "start" | "health"> & {
    control(): Commands | null;
    onReady(listener: (control: Commands) => Promise<void>): () => void;
    dial(...to: Parameters<Tor["dial"]>): ReturnType<Parameters<typeof probeReach>[0]["dial"]>;
  };
  readonly log: Logger;
  readonly limits?: Partial<Limits>;
  /** A state changed. */
  readonly changed: () => void;
  /** For the network page, in plain words. */
  readonly tell: (text: string) => void;
}

interface Wanted {
  readonly service: OnionService;
  readonly host: string;
  /** To whom it was told; null: to nobody yet. */
  toldTo: Commands | null;
  isUp: boolean;
  /** Set up anew since it last answered. */
  renewals: number;
  /** Told again since the network was last told. */
  retellings: number;
  timer: NodeJS.Timeout | null;
  endProbe: () => void;
}

export class OnionServices {
  readonly #o: OnionServicesOptions;
  readonly #limits: Limits;
  readonly #wanted = new Map<string, Wanted>();
  readonly #stop: () => void;
  #probes = 0;

  constructor(options: OnionServicesOptions) {
    this.#o = options;
    this.#limits = { ...TOR_LIMITS, ...options.limits };
    this.#stop = options.tor.onReady(async (control) => {
      for (const wanted of this.#wanted.values()) this.#unlearn(wanted);
      await control.listen("HS_DESC", ([line]) => this.#heard(line?.text ?? ""));
      for (const wanted of this.#wanted.values()) await this.#add(control, wanted);
    });
  }

  /**
   * Starts Tor if need be; a service with the same seed is replaced. Throws RangeError beyond TOR_LIMITS.services and
   * TOR_LIMITS.authorizedClients, which callers keep, and CodecError `bad_public_key` for a client's.
   */
  publish(service: OnionService): OnionHandle {
    const host = onionHost(service.seed);
    const { clients = [] } = service;
    if (service.clients?.length === 0) throw new RangeError("an onion service that nobody may reach");
    if (clients.length > this.#limits.authorizedClients) throw new RangeError("too many clients of an onion service");
    clients.forEach(clientWord);
    this.#forget(host);
    if (this.#wanted.size >= this.#limits.services) throw new RangeError("too many onion services");
    const wanted: Wanted = {
      service,
      host,
      toldTo: null,
      isUp: false,
      renewals: 0,
      retellings: 0,
      timer: null,
      endProbe: () => {},
    };
    this.#wanted.set(host, wanted);
    this.#o.tor.start();
    const control = this.#o.tor.control();
    if (control) void this.#add(control, wanted);
    return { host, state: () => this.#state(wanted), close: () => this.#forget(host, wanted) };
  }

  close(): void {
    this.#stop();
    for (const host of this.#wanted.keys()) this.#forget(host);
  }

  #state(wanted: Wanted): RouteState {
    if (this.#wanted.get(wanted.host) !== wanted) return "off";
    const { state } = this.#o.tor.health();
    if (state !== "up") return state === "off" ? "starting" : state;
    return wanted.isUp ? "up" : "starting";
  }

  /** Only `only`, if another one has taken its address meanwhile. */
  #forget(host: string, only?: Wanted): void {
    const wanted = this.#wanted.get(host);
    if (!wanted || (only && wanted !== only)) return;
    this.#wanted.delete(host);
    this.#unlearn(wanted);
    void this.#takeBack(this.#o.tor.control(), wanted);
    this.#o.changed();
  }

  /** What was known of it counts no more. */
  #unlearn(wanted: Wanted): void {
    wanted.isUp = false;
    wanted.endProbe();
    if (wanted.timer) clearTimeout(wanted.timer);
    wanted.timer = null;
  }

  async #takeBack(control: Commands | null, wanted: Wanted): Promise<void> {
    await control?.command("DEL_ONION", nameOf(wanted.host)).catch(() => {}); // without a tor there is none to take back
  }

  /** Once for each connection: Tor takes an address that it has for a bug of its own, and fills its log. */
  async #add(control: Commands, wanted: Wanted): Promise<void> {
    if (wanted.toldTo === control) return;
    wanted.toldTo = control;
    this.#watch(wanted);
    try {
      await this.#command(control, wanted.service);
    } catch (error) {
      this.#o.log.warn({ error: error instanceof Error ? error.name : "" }, "an onion service was not taken by Tor");
    }
  }

  async #command(control: Commands, service: OnionService): Promise<void> {
    const { seed, port, localPort, clients = [] } = service;
    const flags = ["DiscardPK", ...(clients.length > 0 ? ["V3Auth"] : [])];
    const words: Word[] = [
      `ED25519-V3:${onionSecret(seed)}`,
      `Flags=${flags.join(",")}`,
      `MaxStreams=${this.#limits.visitorStreams}`,
      `Port=${port},127.0.0.1:${localPort}`,
      ...clients.map(clientWord),
    ];
    await control.command("ADD_ONION", ...words);
  }

  /**
   * Without an upload the network does not know it, and nobody finds it. Tor uploads when the last of its ways in stands,
   * and waits for one through a relay that hangs for more than a minute.
   */
  #watch(wanted: Wanted): void {
    if (wanted.timer) clearTimeout(wanted.timer);
    wanted.timer = setTimeout(
      () => {
        if (!wanted.isUp && this.#o.tor.health().state === "up") {
          wanted.retellings++;
          this.#renew(wanted, "An onion service was not told to the network in time; it is told again.");
        } else if (!wanted.isUp) this.#watch(wanted);
      },
      doubled(this.#limits.publishMs, wanted.retellings),
    );
  }

  /** Taken back and told again: Tor makes new ways to it, and tells the network of them. */
  #renew(wanted: Wanted, why: string): void {
    const control = this.#o.tor.control();
    if (!control || this.#wanted.get(wanted.host) !== wanted) return;
    this.#o.tell(why);
    this.#unlearn(wanted);
    this.#o.changed();
    // Both at once, so that nothing comes between them; the first is answered first.
    void this.#takeBack(control, wanted);
    wanted.toldTo = null;
    void this.#add(control, wanted);
  }

  /** `HS_DESC UPLOADED <address> <auth type> <directory>` */
  #heard(text: string): void {
    const { plain } = readWords(text);
    const [action, address = ""] = plain[0] === "HS_DESC" ? plain.slice(1) : plain;
    const wanted = this.#wanted.get(`${address}.onion`);
    if (action !== "UPLOADED" || !wanted || wanted.isUp) return;
    this.#unlearn(wanted);
    wanted.isUp = true;
    wanted.retellings = 0;
    wanted.endProbe = this.#probe(wanted);
    this.#o.changed();
  }

  /** One that only some may reach is not called: we are none of them. */
  #probe(wanted: Wanted): () => void {
    if (wanted.service.clients) return () => {};
    const { serviceProbeMs, serviceAnswerMs: answerMs, serviceFailures: failures } = this.#limits;
    const target = { host: wanted.host, port: wanted.service.port };
    return probeReach({
      dial: async (signal) => {
        // A label of its own each time: a circuit to the service that is still open would answer without its ways in.
        const stream = await this.#o.tor.dial(target, { isolation: `own service ${this.#probes++}`, signal });
        wanted.renewals = 0;
        return stream;
      },
      // Setting it up anew costs visitors who know its old ways in.
      everyMs: doubled(serviceProbeMs, wanted.renewals),
      answerMs,
      failures,
      hangs: () => {
        wanted.renewals++;
        this.#renew(wanted, "An onion service of this node did not answer; it is set up anew.");
      },
    });
  }
}

/** What did not help is done more and more seldom. */
function doubled(firstMs: number, times: number): number {
  return firstMs * 2 ** Math.min(times, MAX_DOUBLINGS);
}

const MAX_DOUBLINGS = 3;

function nameOf(host: string): string {
  return host.slice(0, -".onion".length);
}
