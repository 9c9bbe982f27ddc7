import { spawn, type ChildProcessByStdio } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { until } from "./waiting.ts";

/** A running program that takes orders and beats, as programs/workshop.c describes. */
export class Program {
  readonly pid: number;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: string[] = [];

  static async start(path: string, args: readonly string[] = []): Promise<Program> {
    const program = new Program(path, args);
    await program.#line("open", 0);
    return program;
  }

  private constructor(path: string, args: readonly string[]) {
    this.#child = spawn(path, args, { stdio: ["pipe", "pipe", "inherit"] });
    if (this.#child.pid === undefined) throw new Error(`${path} did not start`);
    this.pid = this.#child.pid;
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#lines.push(line));
  }

  /** Give an order and wait until the program says that it is done. */
  async order(order: string): Promise<void> {
    const before = this.#lines.length;
    this.#child.stdin.write(`${order}\n`);
    await this.#line(order, before);
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

  /** `name [tid]` of each of its threads, as the kernel has them. */
  threads(): string[] {
    return tasks(this.pid).map((tid) => {
      const name = readFileSync(`/proc/${this.pid}/task/${tid}/comm`, "utf8").trim();
      return `${name} [${tid}]`;
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
      () => tasks(this.pid).map((tid) => tracer(this.pid, tid)),
      (tracers) => tracers.length > 0 && tracers.every((pid) => pid === 0),
    );
  }

  /** Wait until this process traces it. */
  async tracedBy(pid: number | undefined): Promise<void> {
    await until(
      "traced by another",
      () => tracer(this.pid, this.pid),
      (tracerPid) => tracerPid === pid,
    );
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await ended;
  }

  #beats(): number {
    return this.#lines.filter((line) => line.startsWith("beat ")).length;
  }

  async #line(line: string, from: number): Promise<void> {
    await until(
      `the line "${line}"`,
      () => this.#lines.slice(from),
      (lines) => lines.includes(line),
    );
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

function tasks(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).map(Number);
}

function tracer(pid: number, tid: number): number {
  const status = readFileSync(`/proc/${pid}/task/${tid}/status`, "utf8");
  return Number(/^TracerPid:\t(\d+)$/m.exec(status)?.[1]);
}
