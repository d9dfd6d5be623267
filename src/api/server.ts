/**
 * The API as a face of the node: the same application on three doors.
 *
 *     127.0.0.1:PORT, [::1]:PORT     guarded: Host, Origin, session
 *     <dataDir>/nocturne.sock        0600, trusted: whoever can open it could read the vault's folder anyway
 *     127.0.0.1:<any>                for the onion service of links, once it is wanted: those alone (`link-door.ts`)
 */
import { rm } from "node:fs/promises";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import type { Face } from "../node/node.ts";
import type { Services } from "../node/services.ts";
import { socketPath } from "../node/socket-path.ts";
import { createApp } from "./app.ts";
import { createLinkApp } from "./link-door.ts";
import { waitsForMount } from "./dav/body.ts";
import type { Api } from "./environment.ts";
import { closeServer, createHttpServer, listenAnywhere, listenOnLoopback, listenOnSocket } from "./listeners.ts";
import { Previews } from "./previews.ts";
import { PushServer } from "./push.ts";
import { Sessions } from "./sessions.ts";
import { BUILT_PAGES, StaticFolder } from "./static.ts";
import { Tickets } from "./tickets.ts";

export interface ApiOptions {
  /** Where the built pages lie; `dist/web` unless a test says otherwise. */
  readonly webDir?: string;
}

/** Opens all three doors. Throws InternalError `port_in_use`, ValidationError `vault_in_use`. */
export async function openApi(services: Services, options: ApiOptions = {}): Promise<Face> {
  await using opened = new AsyncDisposableStack();
  const doors = new Doors(services, options);
  opened.defer(() => doors.close());
  await doors.openLoopback();
  await doors.openSocket(socketPath(services.config.dataDir));
  services.network.serveLinks(() => doors.openLinkDoor());
  const owned = opened.move();
  return { port: doors.port, launchUrl: () => doors.launchUrl(), close: () => owned.disposeAsync() };
}

/** Opens a trusted door alone. Throws ValidationError `vault_in_use`, InternalError `path_too_long`. */
export async function openTrustedApi(services: Services, path: string): Promise<{ close(): Promise<void> }> {
  await using opened = new AsyncDisposableStack();
  const doors = new Doors(services, {});
  opened.defer(() => doors.close());
  await doors.openSocket(path);
  const owned = opened.move();
  return { close: () => owned.disposeAsync() };
}

class Doors {
  /** 0 until the loopback door is open. */
  port = 0;
  readonly #services: Services;
  readonly #sessions: Sessions;
  readonly #app: ReturnType<typeof createApp>;
  readonly #makeLinkApp: () => ReturnType<typeof createLinkApp>;
  #linkDoor: Promise<number> | null = null;
  readonly #push: PushServer;
  readonly #servers: Server[] = [];
  readonly #leftBehind: string[] = [];

  constructor(services: Services, { webDir = BUILT_PAGES }: ApiOptions) {
    this.#services = services;
    this.#sessions = new Sessions(services.clock);
    const tickets = new Tickets(services.clock);
    const previews = new Previews(services.clock);
    const api: Api = { services, sessions: this.#sessions, tickets, previews, launchUrl: () => this.launchUrl() };
    const pages = { app: new StaticFolder(join(webDir, "app")), download: new StaticFolder(join(webDir, "download")) };
    this.#app = createApp(api, pages, () => this.port);
    this.#makeLinkApp = () => createLinkApp(api, pages.download);
    this.#push = new PushServer(services, this.#sessions);
  }

  launchUrl(): string {
    return `${this.#services.place.origin}/#token=${this.#sessions.createLaunchToken()}`;
  }

  async openLoopback(): Promise<void> {
    const { servers, port } = await listenOnLoopback(() => this.#makeServer(false), this.#services.config.port);
    this.#servers.push(...servers);
    this.port = port;
    this.#services.place.origin = `http://localhost:${port}`;
  }

  /** The port of a door that leads to links alone; opened at the first call. */
  openLinkDoor(): Promise<number> {
    this.#linkDoor ??= this.#openLinkDoor();
    return this.#linkDoor;
  }

  async openSocket(path: string): Promise<void> {
    this.#servers.push(await listenOnSocket(() => this.#makeServer(true), path));
    this.#leftBehind.push(path);
  }

  async close(): Promise<void> {
    await Promise.all([this.#push.close(), ...this.#servers.map(closeServer)]);
    for (const path of this.#leftBehind) await rm(path, { force: true });
  }

  async #openLinkDoor(): Promise<number> {
    const app = this.#makeLinkApp();
    const fetch = (request: Request, bindings: object) => app.fetch(request, { ...bindings, trusted: false });
    const listener = getRequestListener(fetch, { overrideGlobalObjects: false });
    const server = await listenAnywhere(createHttpServer((incoming, outgoing) => void listener(incoming, outgoing)));
    this.#servers.push(server);
    return (server.address() as AddressInfo).port;
  }

  #makeServer(trusted: boolean): Server {
    const fetch = (request: Request, bindings: object) => this.#app.fetch(request, { ...bindings, trusted });
    // Its faster Request and Response would replace the global ones for the whole process.
    const listener = getRequestListener(fetch, { overrideGlobalObjects: false });
    const server = createHttpServer((incoming, outgoing) => void listener(incoming, outgoing));
    server.on("checkContinue", (incoming: IncomingMessage, outgoing: ServerResponse) => {
      if (!waitsForMount(incoming)) outgoing.writeContinue();
      server.emit("request", incoming, outgoing);
    });
    return server.on("upgrade", (request, socket, head) => {
      this.#push.upgrade(request, socket, head, trusted, this.port);
    });
  }
}
