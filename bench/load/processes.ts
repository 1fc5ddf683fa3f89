import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { openConnection, requestBytes } from "./connection.ts";

export const ROOT = new URL("../../", import.meta.url).pathname;

/** A process under test. What it says goes into a file, as under a service manager. */
export type Running = {
  pid: number;
  port: number;
  /** When it was started, on the clock of `performance.now()`. */
  startedAt: number;
  /** Ends it well, or with SIGKILL; resolves when it is gone. */
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
};

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export function startProcess(
  command: string,
  args: string[],
  { port, logFile, env = {} }: { port: number; logFile: string; env?: Record<string, string> },
): Running {
  const log = openSync(logFile, "a");
  const startedAt = performance.now();
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ...env },
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  running.add(child);
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => {
      running.delete(child);
      resolve();
    });
    child.once("error", () => resolve());
  });
  return {
    pid: child.pid ?? -1,
    port,
    startedAt,
    async stop(signal = "SIGTERM") {
      child.kill(signal);
      const patience = setTimeout(() => child.kill("SIGKILL"), 15_000);
      await gone;
      clearTimeout(patience);
    },
  };
}

/** Asks until it answers 2xx, and resolves with the ms since the process was started. */
export async function untilReady(
  running: Running,
  path: string,
  { withinMs = 30_000, request = requestBytes("GET", path) } = {},
): Promise<number> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    try {
      const connection = await openConnection(running.port);
      const { status } = await connection.ask(request).finally(connection.close);
      if (status >= 200 && status < 300) return performance.now() - running.startedAt;
    } catch {
      // Not there yet.
    }
    await sleep(2);
  }
  throw new Error(`process ${running.pid} was not ready at ${path} within ${withinMs} ms`);
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as { port: number };
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Resident memory in MB, now and at its highest. Linux only. */
export function memoryOf(pid: number): { nowMb: number; peakMb: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const of = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
  return { nowMb: of("VmRSS"), peakMb: of("VmHWM") };
}

/** CPU time of all threads so far, in ms. Linux only. */
export function cpuMsOf(pid: number): number {
  let ns = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
    } catch {
      // The thread ended while we were looking.
    }
  }
  return ns / 1e6;
}
