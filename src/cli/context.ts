/**
 * What every command is handed: where the data is, how to print, and a way to the node.
 *
 *   running node  <- Unix socket -  node()      NoNodeError when there is none
 *   no node       <- own services - anyNode()   for commands that work without one
 */

import process from "node:process";
import { isSystemError, LockedError, NoNodeError, UsageError } from "../core/errors.ts";
import { type Config, type ConfigFlags, readConfig } from "../node/config.ts";
import { socketPath } from "../node/socket-path.ts";
import { NodeClient } from "./node-client.ts";
import { Output } from "./output.ts";
import { Prompt } from "./prompt.ts";
import { untilFree } from "./running-node.ts";

export interface GlobalOptions {
  readonly dataDir?: string;
  readonly json?: boolean;
  readonly input?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly persona?: string;
}

export class Context {
  exitCode = 0;
  output: Output = new Output(false, false);
  prompt: Prompt = new Prompt(false);
  /** Reading the configuration takes the secret out of the environment, yet one command may read it twice. */
  readonly #environment: NodeJS.ProcessEnv = { ...process.env };
  #globals: GlobalOptions = {};
  #offline: { close(): Promise<void> } | null = null;

  /** Takes over the global options once they are parsed. */
  begin(options: GlobalOptions): void {
    this.#globals = options;
    this.output = new Output(options.json ?? false, options.quiet ?? false);
    this.prompt = new Prompt(options.input !== false && !options.json);
  }

  config(flags: ConfigFlags = {}): Config {
    const { dataDir, quiet, verbose } = this.#globals;
    delete process.env["NOCTURNE_SECRET"];
    try {
      return readConfig({ dataDir, quiet, verbose, ...flags }, { ...this.#environment });
    } catch (error) {
      throw isSystemError(error) && error.code === "ENOTDIR" ? notFolder(error) : error;
    }
  }

  /** True while the commands act for a persona. */
  get asPersona(): boolean {
    return this.#globals.persona !== undefined;
  }

  /** The running node. */
  node(): NodeClient {
    return new NodeClient(socketPath(this.config().dataDir), this.#globals.persona);
  }

  /** The running node, or null. */
  async findNode(): Promise<NodeClient | null> {
    const client = this.node();
    try {
      await client.call("GET", "/api/status");
      return client;
    } catch (error) {
      if (error instanceof NoNodeError) return null;
      throw error;
    }
  }

  /** The running node, or services of our own for the time of this command. */
  anyNode(): Promise<NodeClient> {
    return untilFree(async () => (await this.findNode()) ?? (await this.#startOffline()));
  }

  async close(): Promise<void> {
    await this.#offline?.close();
  }

  async #startOffline(): Promise<NodeClient> {
    const { startOffline } = await import("../api/offline.ts");
    const offline = await startOffline(this.config());
    this.#offline = offline;
    const client = new NodeClient(offline.socketPath, this.#globals.persona);
    if (offline.locked) await this.#unlock(client);
    return client;
  }

  async #unlock(client: NodeClient): Promise<void> {
    const passphrase = await this.prompt.secret("Passphrase of this vault");
    if (passphrase === null) throw lockedHere();
    await client.call("POST", "/api/vault/unlock", { json: { passphrase } });
  }
}

function notFolder(cause: Error): UsageError {
  return new UsageError("bad_option", "The data directory is not a folder.", {
    hint: "Choose another with --data-dir.",
    cause,
  });
}

/** `nocturne unlock` needs a running node, so that another way must be shown here. */
function lockedHere(): LockedError {
  return Object.assign(new LockedError(), {
    hint: "Give its passphrase in NOCTURNE_SECRET, or start Nocturne and unlock it there.",
  });
}
