/**
 * `nocturne completion bash|zsh|fish`: what the shell needs to complete commands, options and file names.
 *
 *   shell -> nocturne complete -- WORDS... -> one "value TAB description" a line, then ":" and a directive
 */

import tab from "@bomb.sh/tab";
import addTabCommands from "@bomb.sh/tab/commander";
import type { Command, Option } from "commander";

/** Directive 0: nothing of ours fits here, so that the shell offers file names. */
const FILE_NAMES = ":0";

/** bash offers file names only if told so, and the package that the script builds on may not be installed. */
const FOR_BASH = `
if ! declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref() {
        cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} cword=$COMP_CWORD
        words=("\${COMP_WORDS[@]:0:COMP_CWORD+1}")
    }
fi
complete -o default -F __nocturne_complete nocturne`;

/** Call it last: it reads the commands that exist by then. */
export function addCompletion(program: Command): void {
  addTabCommands(program, { completionCommandName: "completion" });
  const answer = tab.parse.bind(tab);
  tab.parse = (words) => (expectsPath(program, words) ? console.log(FILE_NAMES) : answer(words));
  program.commands
    .find((command) => command.name() === "completion")
    ?.description("print what your shell needs to complete commands: bash, zsh, fish")
    .hook("postAction", (command) => {
      if (command.args[0] === "bash") console.log(FOR_BASH);
    });
}

/** True if the last of the words, which is being typed, is to be a path. */
export function expectsPath(program: Command, words: readonly string[]): boolean {
  let command = program;
  let operands = 0;
  for (let i = 0; i < words.length - 1; i++) {
    const word = words[i] as string;
    const option = [...command.options, ...program.options].find(({ long, short }) => long === word || short === word);
    if (option?.required && i === words.length - 2) return isPathOption(option);
    if (option?.required) i++;
    if (word.startsWith("-")) continue;
    const child = operands === 0 ? command.commands.find((one) => one.name() === word) : undefined;
    if (child) command = child;
    else operands++;
  }
  const isOption = words.at(-1)?.startsWith("-") ?? false;
  const all = command.registeredArguments;
  const argument = all[operands] ?? all.findLast(({ variadic }) => variadic);
  return !isOption && argument?.name() === "path";
}

/** Told from how its value is written: `--output <path>`. */
function isPathOption(option: Option): boolean {
  return /<(path|dir|file)>/.test(option.flags);
}
