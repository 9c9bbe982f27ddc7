import type { ChildProcess } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from "node:fs";
import { until } from "./waiting.ts";

const TICKS_PER_SECOND = 100;

/** A process that a test has started, as the kernel sees it. */
export class Process {
  readonly pid: number;
  readonly #child: ChildProcess;

  protected constructor(child: ChildProcess) {
    if (child.pid === undefined) throw new Error(`${child.spawnfile} did not start`);
    this.#child = child;
    this.pid = child.pid;
  }

  tids(): number[] {
    return readdirSync(`/proc/${this.pid}/task`).map(Number);
  }

  /** `name [tid]` of each of its threads, as the kernel has them. */
  threads(): string[] {
    return this.tids().flatMap((tid) => {
      const name = threadName(this.pid, tid);
      return name === undefined ? [] : [`${name} [${tid}]`];
    });
  }

  /** The full name of the thread that has this name now. */
  thread(name: string): string {
    const thread = this.threads().find((candidate) => candidate.startsWith(`${name} [`));
    if (thread === undefined) throw new Error(`no thread ${name} in ${this.threads().join(", ")}`);
    return thread;
  }

  /** Wait until so many breakpoints are in its own code. */
  async untilBreakpoints(count: number): Promise<void> {
    await until(
      `${count} breakpoints in the code`,
      () => breakpointsIn(this.pid),
      (found) => found >= count,
    );
  }

  /** Wait until nobody traces any of its threads. */
  async untraced(): Promise<void> {
    await until(
      "TracerPid 0 everywhere",
      () => this.tids().map((tid) => tracer(this.pid, tid)),
      (tracers) => tracers.length > 0 && tracers.every((pid) => pid === 0),
    );
  }

  /** Wait until this process traces it. */
  async tracedBy(pid: number | undefined): Promise<void> {
    await until(
      "traced by another",
      () => this.tracer,
      (tracerPid) => tracerPid === pid,
    );
  }

  /** The process that traces it; 0 for none. */
  get tracer(): number {
    return tracer(this.pid, this.pid);
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await ended;
  }
}

/** The processes that run this executable. */
export function processesOf(executable: string): number[] {
  const isOfIt = (pid: string) => {
    try {
      return readlinkSync(`/proc/${pid}/exe`) === executable;
    } catch {
      return false; // a zombie or a kernel thread, or gone by now
    }
  };
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && isOfIt(entry))
    .map(Number);
}

export function parentOf(pid: number): number {
  return numberIn(`/proc/${pid}/status`, "PPid");
}

/** The processor time that a process has used. */
export function cpuSeconds(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid ?? 0}/stat`, "utf8");
  // proc_pid_stat(5), after the name: utime and stime, in ticks.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

const INT3 = 0xcc;

/**
 * At how many places the executable's code has a breakpoint. What the server puts behind the code, where its
 * file has zeros, comes before the first of them.
 */
function breakpointsIn(pid: number): number {
  const executable = readlinkSync(`/proc/${pid}/exe`);
  const code = readFileSync(`/proc/${pid}/maps`, "utf8")
    .split("\n")
    .find((line) => line.includes(" r-xp ") && line.endsWith(executable));
  if (code === undefined) throw new Error(`${pid} has no code`);
  const [start = 0, end = 0] = (code.split(" ")[0] ?? "")
    .split("-")
    .map((hex) => parseInt(hex, 16));
  const offset = parseInt(code.split(" ")[2] ?? "", 16);
  const now = Buffer.alloc(end - start);
  const memory = openSync(`/proc/${pid}/mem`, "r");
  readSync(memory, now, 0, now.length, start);
  closeSync(memory);
  const file = readFileSync(executable);
  const isCode = (byte: number | undefined) => byte !== undefined && byte !== 0 && byte !== INT3;
  return now.filter((byte, at) => byte === INT3 && isCode(file[offset + at])).length;
}

/** Undefined if it has gone meanwhile. */
function threadName(pid: number, tid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/task/${tid}/comm`, "utf8").trim();
  } catch {
    return undefined;
  }
}

function tracer(pid: number, tid: number): number {
  return numberIn(`/proc/${pid}/task/${tid}/status`, "TracerPid");
}

/** A field of proc_pid_status(5). */
function numberIn(file: string, field: string): number {
  const lines = readFileSync(file, "utf8").split("\n");
  return Number(lines.find((line) => line.startsWith(`${field}:\t`))?.split("\t")[1]);
}
