/**
 * How hosts of MCP servers are told of `nocturne-mesh`: each has a file of its own form.
 *
 *   claude-code   .mcp.json                {"mcpServers": {"nocturne": {"type", "command", "args"}}}    of a project
 *   cursor        ~/.cursor/mcp.json       {"mcpServers": {"nocturne": {"command", "args"}}}
 *   vscode        .vscode/mcp.json         {"servers": {"nocturne": {"type", "command", "args"}}}       of a workspace
 *   codex         ~/.codex/config.toml     [mcp_servers.nocturne] command, args
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, sep } from "node:path";
import process from "node:process";
import { UsageError, ValidationError } from "../core/errors.ts";

export type HostName = "claude-code" | "cursor" | "vscode" | "codex";

/** What a host starts. */
export interface HostCommand {
  readonly command: string;
  readonly args: readonly string[];
}

interface Host {
  readonly file: () => string;
  /** Of its JSON; null where it has another form. */
  readonly key: "mcpServers" | "servers" | null;
  readonly typed: boolean;
}

const NAME = "nocturne";

const HOSTS: Readonly<Record<HostName, Host>> = {
  "claude-code": { file: () => join(process.cwd(), ".mcp.json"), key: "mcpServers", typed: true },
  cursor: { file: () => join(homedir(), ".cursor", "mcp.json"), key: "mcpServers", typed: false },
  vscode: { file: () => join(process.cwd(), ".vscode", "mcp.json"), key: "servers", typed: true },
  codex: { file: () => join(homedir(), ".codex", "config.toml"), key: null, typed: false },
};

export const HOST_NAMES: readonly HostName[] = Object.keys(HOSTS) as HostName[];

/** How this program is started again with this data directory: as it was now, or by npx, whose cache may be gone then. */
export function ownCommand(script: string, dataDir: string, version: string): HostCommand {
  const options = ["--data-dir", dataDir];
  if (script.includes(`${sep}_npx${sep}`)) {
    return { command: "npx", args: ["-y", `nocturne-mesh@${version}`, ...options] };
  }
  return { command: process.execPath, args: [script, ...options] };
}

/** The text that belongs into the host's file. */
export function hostText(name: HostName, { command, args }: HostCommand): string {
  const { key, typed } = HOSTS[name];
  // The strings of JSON are strings of TOML, too.
  if (key === null) {
    return `[mcp_servers.${NAME}]\ncommand = ${JSON.stringify(command)}\nargs = ${JSON.stringify(args)}`;
  }
  return JSON.stringify({ [key]: { [NAME]: serverOf(typed, { command, args }) } }, null, 2);
}

/** Where that is. */
export function hostFile(name: HostName): string {
  return HOSTS[name].file();
}

/**
 * Writes it into the host's file, beside what stands there; the old file stays under the name that is returned, null if there was none.
 * Throws UsageError `not_json` for codex, ValidationError `bad_host_file` for what is not plain JSON.
 */
export function writeHostFile(name: HostName, own: HostCommand): string | null {
  const { key, typed } = HOSTS[name];
  const path = hostFile(name);
  if (key === null) throw notJson(path, own);
  const isThere = existsSync(path);
  const target = isThere ? realpathSync(path) : path; // a link into somebody's own collection stays one
  const whole = isThere ? readObject(target) : {};
  const servers = whole[key] ?? {};
  if (!isObject(servers)) throw badFile(path);
  const changed = { ...whole, [key]: { ...servers, [NAME]: serverOf(typed, own) } };
  mkdirSync(dirname(target), { recursive: true });
  const backup = isThere ? `${target}.before-nocturne-${Date.now()}` : null;
  if (backup !== null) copyFileSync(target, backup);
  const draft = `${target}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(changed, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, target);
  return backup;
}

function serverOf(typed: boolean, { command, args }: HostCommand): object {
  return { ...(typed ? { type: "stdio" } : {}), command, args };
}

function readObject(path: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (isObject(value)) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw badFile(path);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function badFile(path: string): ValidationError {
  return new ValidationError("bad_host_file", "The host's file is not plain JSON, so nothing was changed.", {
    hint: `Add by hand to ${path} what nocturne-mesh config prints without --write.`,
  });
}

function notJson(path: string, { command, args }: HostCommand): UsageError {
  return new UsageError("not_json", `${path} is no JSON, so it is not written.`, {
    hint: `Run: codex mcp add ${NAME} -- ${[command, ...args].join(" ")}`,
  });
}
