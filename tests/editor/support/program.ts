import { spawn, type ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { Lines } from "./lines.ts";
import { Process } from "./process.ts";
import { until } from "./waiting.ts";

/** A running program that takes orders and beats, as programs/workshop.c describes. */
export class Program extends Process {
  readonly #orders: Writable;
  readonly #lines: Lines;

  static async start(path: string, args: readonly string[] = []): Promise<Program> {
    const child = spawn(path, args, { stdio: ["pipe", "pipe", "inherit"] });
    const program = new Program(child, child.stdin, child.stdout);
    await program.#lines.waitFor("open");
    return program;
  }

  private constructor(child: ChildProcess, orders: Writable, answers: Readable) {
    super(child);
    this.#orders = orders;
    this.#lines = new Lines(answers);
  }

  /** Give an order and wait until the program says that it is done. */
  async order(order: string): Promise<void> {
    await this.begin(order)();
  }

  /** Give an order; the function that is returned waits until it is done. */
  begin(order: string): () => Promise<void> {
    const before = this.#lines.all.length;
    this.#orders.write(`${order}\n`);
    return () => this.#lines.waitFor(order, before);
  }

  /** Give an order that is answered by a line of its own, and return that. */
  async answer(order: string): Promise<string | undefined> {
    const before = this.#lines.all.length;
    await this.order(order);
    return this.#lines.all[before];
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

  #beats(): number {
    return this.#lines.all.filter((line) => line.startsWith("beat ")).length;
  }
}
