/** `nocturne files mount`: the library as a drive in a file manager, and how to get there. */

import type { Command } from "commander";
import type { MountPassword, MountView } from "../../api/contract.ts";
import type { Context } from "../context.ts";

interface MountOptions {
  readonly off?: boolean;
  readonly newPassword?: boolean;
}

const OFF_WORDS = "The mount is off: no program reaches your files through it. To turn it on: nocturne files mount";

const WARNING =
  "Every program that shows this password reads and changes all your files, and file managers keep copies of what they " +
  "open on the disk, unsealed. Programs that run as you could ask Nocturne for it as you just did, or read it where your " +
  "file manager keeps it. A new one shuts all of them out: nocturne files mount --new-password";

/** Adds to the commands of `files`, which must be there. */
export function addMountCommand(program: Command, context: Context): void {
  const files = program.commands.find((command) => command.name() === "files") as Command;
  files
    .command("mount")
    .description("let file managers of this machine use your files as a drive (WebDAV), and tell how")
    .option("--off", "end it")
    .option("--new-password", "shut out every program that knows the password, and make another one")
    .action((options: MountOptions) => mount(context, options));
}

async function mount(context: Context, { off = false, newPassword = false }: MountOptions): Promise<void> {
  const client = context.node();
  const view = await client.call<MountView>("PATCH", "/api/mount", { json: { on: !off, newPassword } });
  if (off) return context.output.result({ on: false }, OFF_WORDS);
  const { password } = await client.call<MountPassword>("POST", "/api/mount/password");
  const { url, user } = view;
  context.output.result({ url, user, password }, wordsOf(view, password));
  context.output.warn(WARNING);
}

function wordsOf({ url, user, ways }: MountView, password: string): string {
  const head = `Address   ${url}\nName      ${user}\nPassword  ${password}`;
  const lines = ways.flatMap(({ system, steps }) => [
    "",
    system,
    ...steps.flatMap(({ words, command }) => [`  ${words}`, ...(command === undefined ? [] : [`      ${command}`])]),
  ]);
  return [head, ...lines].join("\n");
}
