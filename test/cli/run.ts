import type { Command } from "commander";
import type { Terminal } from "../../src/cli/terminal.ts";

/** Runs a command as the shell would, and returns what was printed and how it ended. */
export async function runCommand(
  command: (terminal: Terminal) => Command,
  args: string[],
): Promise<{ out: string; err: string; code: number }> {
  const result = { out: "", err: "", code: 0 };
  const terminal: Terminal = {
    out: (line) => {
      result.out += `${line}\n`;
    },
    err: (line) => {
      result.err += `${line}\n`;
    },
    exit: (code) => {
      result.code = code;
    },
  };
  await command(terminal).parseAsync(args, { from: "user" });
  return result;
}
