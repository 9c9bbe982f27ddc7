import { spawn, type ChildProcessByStdio } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { Lines } from "./lines.ts";
import { until } from "./waiting.ts";

const TICKS_PER_SECOND = 100;

/** A running program that takes orders and beats, as programs/workshop.c describes. */
export class Program {
  readonly pid: number;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Lines;

  static async start(path: string, args: readonly string[] = []): Promise<Program> {
    const program = new Program(path, args);
    await program.#lines.waitFor("open");
    return program;
  }

  private constructor(path: string, args: readonly string[]) {
    this.#child = spawn(path, args, { stdio: ["pipe", "pipe", "inherit"] });
    if (this.#child.pid === undefined) throw new Error(`${path} did not start`);
    this.pid = this.#child.pid;
    this.#lines = new Lines(this.#child.stdout);
  }

  /** Give an order and wait until the program says that it is done. */
  async order(order: string): Promise<void> {
    await this.begin(order)();
  }

  /** Give an order; the function that is returned waits until it is done. */
  begin(order: string): () => Promise<void> {
    const before = this.#lines.all.length;
    this.#child.stdin.write(`${order}\n`);
    return () => this.#lines.waitFor(order, before);
  }

  /** Wait for this line, which it prints some time. */
  says(line: string): Promise<void> {
    return this.#lines.waitFor(line);
  }

  /** Wait until it has beaten again: it runs. */
  async beats(): Promise<void> {
    const before = this.#beats();
    await until(
      "a beat",
      () => this.#beats(),
      (beats) => beats > before,
    );
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

  #beats(): number {
    return this.#lines.all.filter((line) => line.startsWith("beat ")).length;
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
