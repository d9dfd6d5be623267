/**
 * A node's exchange: it listens with TLS, takes lines of libp2p where that port cannot be reached, and gives each a session.
 *
 *   port -> as many connections as there may be, in all and from one domain -> TLS -> Session -> Service -> FragmentDisk
 *   line of libp2p ---^
 */
import type { AddressInfo, Socket } from "node:net";
import { type Clock, systemTimers, type Timers } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { SignatureKeyPair } from "../../crypto/signing.ts";
import type { Note } from "../ledger/entry.ts";
import type { OwnerId } from "../node-id.ts";
import type { FragmentId } from "../pieces/fragment-tree.ts";
import { failureDomain } from "../placement/failure-domain.ts";
import type { FragmentDisk, Line } from "../rooms.ts";
import type { Reason } from "./answers.ts";
import { Guests } from "./guests.ts";
import { HeldMemory } from "./held-memory.ts";
import type { Refusal } from "./refusal.ts";
import { type Care, Service } from "./service.ts";
import { Session } from "./session.ts";
import { createTlsServer, type Server, socketLine, type TLSSocket } from "./tls.ts";
import { endLine } from "./wire.ts";

export interface ExchangeServerOptions {
  /** The node's: clients know it by this key. */
  readonly key: SignatureKeyPair;
  readonly disk: FragmentDisk;
  readonly clock: Clock;
  readonly log: Logger;
  /** Null on a node that takes care of nobody's files. It throws PolicyError `no_care` for one that it does not take. */
  readonly care: Care | null;
  /** An owner, or who acts for her, keeps these elsewhere too: a node that leaves need not wait for them. */
  readonly released: (owner: OwnerId, ids: readonly FragmentId[]) => void;
  /** Into the node's ledger. */
  readonly note: Note;
  /** Where is kept which owners are strangers; made where it is missing. */
  readonly folder: string;
  readonly timers?: Timers;
}

/** For the operator's table, since the start. */
export interface ExchangeCounters {
  readonly connections: number;
  /** Of frames. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly fragmentsStored: number;
  readonly fragmentsSent: number;
  /** Questions of audits: all their leaves were shown, or the fragment or a leaf was not there. */
  readonly auditsPassed: number;
  readonly auditsFailed: number;
  /** `busy`: connections that were one too many, and slow ones that held too much while memory was scarce. */
  readonly refusals: Readonly<Partial<Record<Reason | "busy", number>>>;
}

export class ExchangeServer implements AsyncDisposable {
  readonly #options: ExchangeServerOptions;
  readonly #guests: Guests;
  readonly #service: Service;
  readonly #tls: Server;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Map<Session, Promise<void>>();
  /** Connections of each domain, those that are still at their handshake with them. */
  readonly #open = new Map<string, number>();
  readonly #refusals: Partial<Record<Reason | "busy", number>> = {};
  readonly #memory = new HeldMemory(() => this.#count("busy"));
  readonly #ended = { bytesIn: 0, bytesOut: 0 };
  #isClosed = false;

  constructor(options: ExchangeServerOptions) {
    this.#options = options;
    this.#guests = new Guests(options);
    this.#service = new Service({ ...options, guests: this.#guests });
    this.#tls = createTlsServer(options.key);
    this.#tls.on("connection", (socket: Socket) => this.#welcome(socket));
    this.#tls.on("secureConnection", (socket: TLSSocket) => this.#start(socketLine(socket), domainOf(socket)));
    this.#tls.on("tlsClientError", (error: Error) => {
      options.log.debug({ reason: (error as NodeJS.ErrnoException).code }, "a handshake failed");
    });
  }

  /** The port; 0 takes a free one. Throws the system's error when it cannot listen. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#tls.once("error", reject);
      this.#tls.listen(port, host, () => {
        this.#tls.off("error", reject);
        resolve((this.#tls.address() as AddressInfo).port);
      });
    });
  }

  /** Serves whoever is at the other end of a stream of libp2p, whose address lies in `domain`. */
  accept(line: Line, domain: string): void {
    const leave = this.#isClosed ? null : this.#enter(domain);
    if (leave) this.#start(line, domain, leave);
    else void endLine(line);
  }

  counters(): ExchangeCounters {
    const { stored, sent, shown, notShown } = this.#service.done;
    const all = [this.#ended, ...this.#sessions.keys()];
    return {
      connections: [...this.#open.values()].reduce((sum, count) => sum + count, 0),
      bytesIn: all.reduce((sum, { bytesIn }) => sum + bytesIn, 0),
      bytesOut: all.reduce((sum, { bytesOut }) => sum + bytesOut, 0),
      fragmentsStored: stored,
      fragmentsSent: sent,
      auditsPassed: shown,
      auditsFailed: notShown,
      refusals: { ...this.#refusals },
    };
  }

  /** Ends all connections; what was on its way in is given up. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const closed = new Promise<void>((resolve) => this.#tls.close(() => resolve()));
    for (const session of this.#sessions.keys()) session.close();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#sessions.values());
    await closed;
    this.#guests.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Before the handshake, which costs a hundred times what it costs to hang up. */
  #welcome(socket: Socket): void {
    const leave = this.#enter(domainOf(socket));
    if (!leave) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      leave();
    });
  }

  #start(line: Line, domain: string, leave: () => void = () => {}): void {
    const { timers = systemTimers } = this.#options;
    const session = new Session({
      line,
      domain,
      timers,
      memory: this.#memory,
      serve: (job, visit) => this.#service.serve(job, visit),
      onRefused: (refusal, error) => this.#refused(refusal, error),
    });
    const run = this.#run(session, leave);
    this.#sessions.set(session, run);
    if (this.#isClosed) session.close();
  }

  async #run(session: Session, leave: () => void): Promise<void> {
    await session.run();
    this.#sessions.delete(session);
    this.#ended.bytesIn += session.bytesIn;
    this.#ended.bytesOut += session.bytesOut;
    leave();
  }

  /** Returns what gives the place back; null when there is none. */
  #enter(domain: string): (() => void) | null {
    const here = this.#open.get(domain) ?? 0;
    const all = [...this.#open.values()].reduce((sum, count) => sum + count, 0);
    if (here >= MESH_LIMITS.connectionsPerDomain || all >= MESH_LIMITS.connections) {
      this.#count("busy");
      return null;
    }
    this.#open.set(domain, here + 1);
    return () => {
      const left = (this.#open.get(domain) ?? 1) - 1;
      if (left > 0) this.#open.set(domain, left);
      else this.#open.delete(domain);
    };
  }

  #refused({ reason }: Refusal, error: unknown): void {
    this.#count(reason);
    const { code = "" } = error as { code?: string };
    if (reason === "failed") this.#options.log.warn({ code }, "a request could not be served");
  }

  #count(reason: Reason | "busy"): void {
    this.#refusals[reason] = (this.#refusals[reason] ?? 0) + 1;
  }
}

function domainOf(socket: Socket): string {
  return failureDomain(socket.remoteAddress ?? "") ?? "unknown";
}
