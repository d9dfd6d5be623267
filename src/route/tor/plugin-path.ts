/**
 * Tor takes a plugin's path apart at its spaces, and knows no quotes there. The plugins that come with Tor Browser lie in
 * "Tor Browser" on most machines, so that they are named by a link in tor's own folder, in which it runs.
 *
 *   obfs4 exec /Applications/Tor Browser.app/.../lyrebird     ->     obfs4 exec plugin0/lyrebird
 */
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";

const PLUGIN = /^(\S+) exec (.*)$/;

/** Lines as after `ClientTransportPlugin`, so that tor can start them from `folder`; links are made there where need be. */
export function reachablePlugins(folder: string, plugins: readonly string[]): string[] {
  return plugins.map((line, i) => {
    const [, name = "", path = ""] = PLUGIN.exec(line) ?? [];
    if (!/[\s#]/.test(path)) return line;
    const link = `plugin${i}`;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    rmSync(join(folder, link), { force: true });
    symlinkSync(dirname(path), join(folder, link), "junction"); // the kind that Windows lets everybody make
    return `${name} exec ${link}/${basename(path)}`;
  });
}
