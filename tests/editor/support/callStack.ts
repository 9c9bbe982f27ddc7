import type { Locator, Page } from "playwright-core";
import { until, PATIENCE_MS } from "./waiting.ts";

/** A row of CALL STACK that is in the DOM: of a long list only those in sight are. */
export interface Row {
  readonly kind: "session" | "thread" | "frame" | "other";
  readonly name: string;
  /** `Running`, `Paused on pause`...; empty for frames. */
  readonly state: string;
  /** How many rows there are beside this one, itself included, in sight or not. */
  readonly siblings: number;
}

/** What the editor shows of sessions, threads and frames. */
export class CallStack {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** The rows from top to bottom. */
  rows(): Promise<Row[]> {
    return this.#page.evaluate(() => {
      const top = (row: Element) => row.getBoundingClientRect().top;
      const text = (row: Element, selector: string) =>
        row.querySelector(selector)?.textContent.trim() ?? "";
      const kind = (row: Element) => {
        if (row.querySelector(".session")) return "session";
        if (row.querySelector(".thread")) return "thread";
        return row.querySelector(".stack-frame") ? "frame" : "other";
      };
      return [...document.querySelectorAll(".debug-call-stack .monaco-list-row")]
        .sort((one, other) => top(one) - top(other))
        .map((row) => ({
          kind: kind(row),
          name: text(row, ".session .name, .thread .name, .stack-frame .expression"),
          state: text(row, ".state"),
          siblings: Number(row.getAttribute("aria-setsize")),
        }));
    });
  }

  /** Wait until the rows are as they should be. */
  until(what: string, holds: (rows: Row[]) => boolean, patience = PATIENCE_MS): Promise<Row[]> {
    return until(what, () => this.rows(), holds, patience);
  }

  /** Wait until exactly these threads are shown, in any order. */
  async untilThreads(what: string, threads: () => readonly string[]): Promise<void> {
    await this.until(what, (rows) => {
      const shown = threadsOf(rows).map(({ name }) => name);
      return JSON.stringify(shown.sort()) === JSON.stringify([...threads()].sort());
    });
  }

  /** Wait until all threads stand still, one of them for this reason, and return its name. */
  async untilStopped(reason: string): Promise<string> {
    let stopped: Row | undefined;
    await this.until(`all threads stand still, one ${reason}`, (rows) => {
      const threads = threadsOf(rows);
      stopped = threads.find(({ state }) => state === reason);
      return (
        stopped !== undefined &&
        threads.every((thread) => thread === stopped || thread.state.startsWith("Paused"))
      );
    });
    return stopped?.name ?? "";
  }

  /** Wait until the frames of a thread that is unfolded are shown, the innermost first. */
  async untilFrames(thread: string, holds: (frames: string[]) => boolean): Promise<void> {
    await this.until(`the frames of ${thread}`, (rows) => {
      const below = rows.slice(1 + rows.findIndex(({ name }) => name === thread));
      const end = below.findIndex(({ kind }) => kind === "thread");
      const frames = end < 0 ? below : below.slice(0, end);
      return holds(frames.filter(({ kind }) => kind === "frame").map(({ name }) => name));
    });
  }

  /** Show what is below a row that is folded, or has nothing below it yet. */
  async unfold(row: Locator): Promise<void> {
    await row.and(this.#page.locator('[aria-expanded="false"]')).waitFor();
    await row.locator(".monaco-tl-twistie").click();
    await row.and(this.#page.locator('[aria-expanded="true"]')).waitFor();
  }

  /** Hide what is below a row. */
  async fold(row: Locator): Promise<void> {
    await row.and(this.#page.locator('[aria-expanded="true"]')).waitFor();
    await row.locator(".monaco-tl-twistie").click();
    await row.and(this.#page.locator('[aria-expanded="false"]')).waitFor();
  }

  session(name: string): Locator {
    return this.#page
      .locator(".debug-call-stack .monaco-list-row:has(.session)", { hasText: name })
      .first();
  }

  row(text: string): Locator {
    return this.#page.locator(".debug-call-stack .monaco-list-row", { hasText: text }).first();
  }
}

export function threadsOf(rows: readonly Row[]): Row[] {
  return rows.filter(({ kind }) => kind === "thread");
}
