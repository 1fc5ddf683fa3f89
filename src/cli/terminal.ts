import { userInfo } from "node:os";
import { Refusal } from "../core/refusal.ts";

/** Where a command speaks and how it ends, so that a test can listen. */
export type Terminal = { out(line: string): void; err(line: string): void; exit(code: number): void };

export const processTerminal: Terminal = {
  out: (line) => process.stdout.write(`${unobeyed(line)}\n`),
  err: (line) => process.stderr.write(`${unobeyed(line)}\n`),
  // Not process.exit(): it would cut off what a pipe has not read yet.
  exit: (code) => {
    process.exitCode = code;
  },
};

/** Without what a terminal would obey: a title in a runbook or an alert may hold such codes. */
function unobeyed(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, "");
}

/** Data on one line, without what a terminal would obey. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");
}

/** Rows with their cells one below the other, those of `right` at the right edge of their column. */
export function columns(rows: string[][], right: readonly number[] = []): string[] {
  const widths = (rows[0] ?? []).map((_, at) =>
    rows.reduce((widest, row) => Math.max(widest, row[at]!.length), 0),
  );
  const cell = (text: string, at: number) =>
    right.includes(at) ? text.padStart(widths[at]!) : text.padEnd(widths[at]!);
  return rows.map((row) => row.map(cell).join("  ").trimEnd());
}

/** Runs a command's action; a refusal is said plainly and ends with exit code 1, without a stack. */
export function guarded<Args extends unknown[]>(
  terminal: Terminal,
  action: (...args: Args) => Promise<void>,
) {
  return async (...args: Args): Promise<void> => {
    try {
      await action(...args);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      terminal.err(error.message);
      terminal.exit(1);
    }
  };
}

/** For an option that may be given again: one that took several values at once would take the command's words, too. */
export function repeatable(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** Who is at the terminal, for the audit log; by number where the machine has no name for them, as in many containers. */
export function operator(): string {
  try {
    return `cli:${userInfo().username}`;
  } catch {
    return `cli:uid ${process.getuid?.()}`;
  }
}
