import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { until, PATIENCE_MS } from "./waiting.ts";

/** The lines that a process has printed so far, and will print. */
export class Lines {
  readonly all: string[] = [];

  constructor(...outputs: readonly Readable[]) {
    for (const input of outputs) {
      createInterface({ input }).on("line", (line) => this.all.push(line));
    }
  }

  /** Wait for this line; the first `from` lines do not count. */
  async waitFor(line: string, from = 0, patience = PATIENCE_MS): Promise<void> {
    await until(
      `the line "${line}"`,
      () => this.all.slice(from),
      (lines) => lines.includes(line),
      patience,
    );
  }
}
