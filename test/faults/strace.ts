/**
 * What a process wrote, synced and answered, in the order in which strace saw it. A call is only over when it returned:
 * one that another thread's line interrupts ends where it is `resumed`.
 */
import { spawnSync } from "node:child_process";

/** As much of each call as a page of the database has, so that a mark is found wherever on its page it stands. */
const SHOWN_BYTES = 8192;
const CALLS = "fsync,fdatasync,pwrite64,read,write,writev";
const strace = (path: string) => ["strace", "-f", "--seccomp-bpf", "-o", path, "-e", `trace=${CALLS}`];

/** What is put in front of a command to trace it into a file. The command stays our child (`-D`), so signals reach it. */
export function tracedInto(path: string): string[] {
  return [...strace(path), "-D", "-y", "-s", String(SHOWN_BYTES)];
}

/** Why nothing can be traced here, or null where it can be: strace may be missing, and containers may forbid ptrace. */
export function whyNotTraced(): string | null {
  const [command, ...args] = [...strace("/dev/null"), process.execPath, "--version"];
  const { error, status } = spawnSync(command!, args, { stdio: "ignore" });
  if (error) return "there is no strace here";
  return status === 0 ? null : "strace may not trace a process here";
}

/** A call on an open file. Times are numbers of lines; `ended` is infinite for what never returned. */
type Call = {
  name: string;
  file: string;
  text: string;
  began: number;
  ended: number;
  result: number;
};

const LINE = /^(\d+) +(?:<\.\.\. \w+ resumed>|(\w+)\(\d+<([^>]*)>)(.*)$/;
const RESULT = /\) += (-?\d+)(?: E[A-Z]+ \(.*\))?$/;

export function callsOf(trace: string): Call[] {
  const calls: Call[] = [];
  const unfinished = new Map<string, Call>();
  for (const [at, line] of trace.split("\n").entries()) {
    const [, thread = "", name, file = "", text = ""] = LINE.exec(line) ?? [];
    if (name !== undefined) {
      const call = { name, file, text: "", began: at, ended: Number.POSITIVE_INFINITY, result: -1 };
      calls.push(call);
      unfinished.set(thread, call);
    }
    const call = unfinished.get(thread);
    if (!call) continue;
    call.text += text;
    const result = RESULT.exec(text)?.[1];
    if (result === undefined) continue;
    unfinished.delete(thread);
    Object.assign(call, { ended: at, result: Number(result) });
  }
  return calls;
}

/**
 * The requests that bear such a mark and were answered 2xx, and those of them whose answer left before what they brought
 * was synced: no sync of the write-ahead log both began after the first write with the mark and returned before the
 * answer. Other writes may follow meanwhile, of requests that are still to be answered. SQLite syncs a transaction once,
 * behind its last page, so which of its pages has the mark makes no difference.
 */
export function answersIn(trace: string, mark: RegExp): { answered: string[]; unsynced: string[] } {
  const calls = callsOf(trace);
  const log = calls.filter(({ file }) => file.endsWith("-wal"));
  const syncs = log.filter(({ name, result }) => /^f(data)?sync$/.test(name) && result === 0);
  const isSynced = (marked: string, before: number) => {
    const written = log.find(({ name, text }) => name === "pwrite64" && text.includes(marked));
    return written !== undefined && syncs.some((sync) => sync.began > written.ended && sync.ended < before);
  };
  const asked = new Map<string, Set<string>>();
  const answered: string[] = [];
  const unsynced: string[] = [];
  for (const { name, file, text, began } of calls) {
    if (!file.startsWith("socket:")) continue;
    const marks = asked.get(file) ?? new Set();
    asked.set(file, marks);
    if (name === "read") for (const [marked] of text.matchAll(mark)) marks.add(marked);
    else if (/"HTTP\/1\.1 2\d\d /.test(text)) {
      answered.push(...marks);
      unsynced.push(...[...marks].filter((marked) => !isSynced(marked, began)));
      marks.clear();
    }
  }
  return { answered, unsynced };
}
