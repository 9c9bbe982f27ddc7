import { setTimeout as pause } from "node:timers/promises";

const DEADLINE_MS = 20_000;

/** Wait for what nothing announces. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`never came true: ${String(condition)}`);
    await pause(10);
  }
}

/** Collects log lines and lets a test wait for one. */
export class Lines {
  readonly lines: string[] = [];
  #waiting: (() => void)[] = [];

  readonly add = (line: string): void => {
    this.lines.push(line);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  };

  /** Resolves with the first line that matches; the test's own time limit bounds the wait. */
  async find(pattern: RegExp): Promise<string> {
    for (;;) {
      const line = this.lines.find((candidate) => pattern.test(candidate));
      if (line !== undefined) return line;
      await new Promise<void>((wake) => this.#waiting.push(wake));
    }
  }
}
