/**
 * Who may come in, before a single byte is read: so many sockets from one address, and each has to
 * say something valid in time. Addresses are counted in memory while their sockets are open and
 * written nowhere.
 */

import type { Socket } from "node:net";
import type { RelayLimits } from "./relay-info.ts";

export class FrontDoor {
  readonly #limits: RelayLimits;
  readonly #perAddress: Map<string, number> = new Map();
  readonly #waiting: Map<Socket, NodeJS.Timeout> = new Map();

  constructor(limits: RelayLimits) {
    this.#limits = limits;
  }

  /** Lets a new socket in until its handshake is due, or destroys it when its address has too many. */
  admit(socket: Socket): void {
    const address = socket.remoteAddress ?? "";
    const count = (this.#perAddress.get(address) ?? 0) + 1;
    if (count > this.#limits.connectionsPerAddress) return void socket.destroy();
    this.#perAddress.set(address, count);
    this.#waiting.set(
      socket,
      setTimeout(() => socket.destroy(), this.#limits.handshakeMs),
    );
    socket.once("close", () => this.#forget(socket, address));
  }

  /** The socket said something valid: it may stay. */
  welcome(socket: Socket): void {
    clearTimeout(this.#waiting.get(socket));
    this.#waiting.delete(socket);
  }

  #forget(socket: Socket, address: string): void {
    this.welcome(socket);
    const count = (this.#perAddress.get(address) ?? 0) - 1;
    if (count > 0) this.#perAddress.set(address, count);
    else this.#perAddress.delete(address);
  }
}
