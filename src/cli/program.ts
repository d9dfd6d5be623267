/**
 * The command line as a whole: which commands there are, and how every end of one becomes an exit code.
 *
 *   argv -> commander -> one command's action(context) -> stdout, exit code
 */

import { type Command, CommanderError, type Option } from "commander";
import { type NocturneError, toNocturneError, UsageError } from "../core/errors.ts";
import { addBrowseCommand } from "./commands/browse.ts";
import { addChannelCommands } from "./commands/channels.ts";
import { addContactCommands } from "./commands/contacts.ts";
import { addConversationCommands } from "./commands/conversations.ts";
import { addCourierCommands } from "./commands/couriers.ts";
import { addDeviceCommands } from "./commands/devices.ts";
import { addFetchCommand } from "./commands/fetch.ts";
import { addFileCommands } from "./commands/files.ts";
import { addGetCommand } from "./commands/get.ts";
import { addGroupCommands } from "./commands/groups.ts";
import { addHealthCommands } from "./commands/health.ts";
import { addIdentityCommands } from "./commands/identity.ts";
import { addLibraryCommands } from "./commands/library.ts";
import { addLinkCommands } from "./commands/links.ts";
import { addMeshCommands } from "./commands/mesh.ts";
import { addMessageCommands } from "./commands/messages.ts";
import { addMountCommand } from "./commands/mount.ts";
import { addReceiveCommand } from "./commands/receive.ts";
import { addPutCommands } from "./commands/put.ts";
import { addRecoveryCommands } from "./commands/recovery.ts";
import { addRelayCommand } from "./commands/relay.ts";
import { addRouteCommands } from "./commands/routes.ts";
import { addStartCommands } from "./commands/start.ts";
import { addTrackerCommand } from "./commands/tracker.ts";
import { addVaultCommands } from "./commands/vault.ts";
import { addVerifyCommand } from "./commands/verify.ts";
import { addCompletion } from "./completion.ts";
import { Context } from "./context.ts";
import { newProgram } from "./global-options.ts";
import { exitCodeOf } from "./exit-codes.ts";
import { printError } from "./output.ts";

/** Runs one command line of `nocturne` and returns its exit code (page "exit codes" of the guide). Never throws. */
export function runProgram(argv: readonly string[]): Promise<number> {
  return runCommands(createProgram, (program) => withCommand(program, argv));
}

/** As `runProgram`, for a command line with other commands. */
export async function runCommands(
  create: (context: Context) => Command,
  wordsOf: (program: Command) => readonly string[],
): Promise<number> {
  const context = new Context();
  const program = create(context);
  const words = wordsOf(program);
  let exitCode: number;
  try {
    await program.parseAsync(words, { from: "user" });
    exitCode = context.exitCode;
  } catch (error) {
    exitCode = fail(error, program, words);
  }
  try {
    await context.close();
  } catch (error) {
    exitCode ||= fail(error, program, words);
  }
  return exitCode;
}

/** Every command of this version, for `runProgram` and for completion. */
export function createProgram(context: Context): Command {
  const program = newProgram(
    "nocturne",
    "Private messages and files from your own machine. Without a command it starts the app.",
    context,
  ).option("--persona <label>", "act as this persona, with its contacts, messages and groups");
  program.commandsGroup("The app:");
  addStartCommands(program, context);
  addHealthCommands(program, context);
  addVerifyCommand(program, context);
  addRouteCommands(program, context);
  program.commandsGroup("People and messages:");
  addIdentityCommands(program, context);
  addContactCommands(program, context);
  addMessageCommands(program, context);
  addConversationCommands(program, context);
  addGroupCommands(program, context);
  addCourierCommands(program, context);
  addChannelCommands(program, context);
  program.commandsGroup("Files and links:");
  addFileCommands(program, context);
  addPutCommands(program, context);
  addGetCommand(program, context);
  addLibraryCommands(program, context);
  addLinkCommands(program, context);
  addMountCommand(program, context);
  addReceiveCommand(program, context);
  addFetchCommand(program, context);
  addMeshCommands(program, context);
  program.commandsGroup("Your vault:");
  addDeviceCommands(program, context);
  addRecoveryCommands(program, context);
  addVaultCommands(program, context);
  program.commandsGroup("More:");
  addRelayCommand(program, context);
  addTrackerCommand(program, context);
  addBrowseCommand(program, context);
  addCompletion(program);
  program.helpCommand("help [command]", "tell more of a command");
  return program;
}

/** Without a command the app starts. A mistyped one must not: it is meant as a command and gets a suggestion. */
function withCommand(program: Command, argv: readonly string[]): readonly string[] {
  const isHelp = argv.some((word) => word === "-h" || word === "--help");
  return isHelp || firstOperand(program, argv) !== undefined ? argv : ["start", ...argv];
}

/** The first word that is neither an option nor an option's value. */
function firstOperand(program: Command, argv: readonly string[]): string | undefined {
  const start = program.commands.find((command) => command.name() === "start");
  const options: readonly Option[] = [...program.options, ...(start?.options ?? [])];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] as string;
    if (!word.startsWith("-")) return word;
    if (options.some((option) => option.required && (option.long === word || option.short === word))) i++;
  }
  return undefined;
}

/** Prints what ended the command, as text or JSON, and returns its exit code. */
function fail(thrown: unknown, program: Command, argv: readonly string[]): number {
  if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
  const options = argv.slice(0, argv.includes("--") ? argv.indexOf("--") : argv.length);
  const error = thrown instanceof CommanderError ? usageError(thrown, program, options) : toNocturneError(thrown);
  const isSaid = thrown instanceof CommanderError && thrown.code === "commander.help"; // the help itself says it
  if (!isSaid)
    printError(
      error,
      options.includes("--json"),
      options.some((word) => ["-v", "--verbose"].includes(word)),
    );
  return exitCodeOf(error);
}

/** "error: unknown command 'snd'\n(Did you mean send?)" as one of our errors; the hint leads on. */
function usageError(error: CommanderError, program: Command, argv: readonly string[]): NocturneError {
  const [first = "", suggestion] = error.message.replace(/^error: /, "").split("\n");
  const message = first.endsWith(".") ? first : `${first}.`;
  const hint = suggestion?.replace(/^\((.*)\)$/, "$1") ?? `See: ${namesOf(program, argv).join(" ")} --help`;
  return new UsageError("usage", message, { hint });
}

/** As far as the words name commands: `nocturne files put`. */
function namesOf(command: Command, words: readonly string[]): string[] {
  const at = words.findIndex((word) => command.commands.some((child) => child.name() === word));
  const child = command.commands.find((one) => one.name() === words[at]);
  return [command.name(), ...(child ? namesOf(child, words.slice(at + 1)) : [])];
}
