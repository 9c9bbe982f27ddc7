import type { Locator, Page } from "playwright-core";
import { chooseInMenu, menuStays } from "./menu.ts";
import { until } from "./waiting.ts";

/** A row of the Threads view, as a screen reader tells it. */
export interface ThreadRow {
  readonly name: string;
  readonly id: number;
  /** `running`, `sleeping in futex`, `paused`, `ended`... */
  readonly state: string;
}

const ROW = /^(?<name>.*), thread (?<id>\d+), (?<state>[^,]+)/;

/** The extension's own view of the threads, in the debug side bar. */
export class ThreadsView {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** The rows in sight, those of threads that have ended included. */
  async rows(): Promise<ThreadRow[]> {
    const labels = await this.#rows.evaluateAll((rows) =>
      rows.map((row) => row.getAttribute("aria-label") ?? ""),
    );
    return labels.map((label) => {
      const { name = label, id, state = "" } = ROW.exec(label)?.groups ?? {};
      return { name, id: Number(id), state };
    });
  }

  /** Wait until the rows are as they should be. */
  async until(what: string, holds: (rows: readonly ThreadRow[]) => boolean): Promise<void> {
    await until(`in the Threads view: ${what}`, () => this.rows(), holds);
  }

  /** Wait until the threads that live are exactly these, `name [tid]` each, in any order. */
  async untilThreads(what: string, threads: () => readonly string[]): Promise<void> {
    await this.until(what, (rows) => {
      const live = rows.filter(({ state }) => state !== "ended");
      const shown = live.map(({ name, id }) => `${name} [${id}]`);
      return JSON.stringify(shown.sort()) === JSON.stringify([...threads()].sort());
    });
  }

  /** Wait until it has noticed that all threads that live stand still, or that none does. */
  async untilPaused(arePaused = true): Promise<void> {
    await this.until(arePaused ? "all stand still" : "all run", (rows) => {
      const live = rows.filter(({ state }) => state !== "ended");
      return live.length > 0 && live.every(({ state }) => state.startsWith("paused") === arePaused);
    });
  }

  /** What stands beside the title. */
  get summary(): Locator {
    return this.#pane.locator(".pane-header .description");
  }

  get header(): Locator {
    return this.#pane.locator(".pane-header");
  }

  /** Press a button of the title. */
  async press(button: string): Promise<void> {
    await this.header.hover();
    await this.header.locator(`.action-label[aria-label^="${button}"]`).click();
  }

  /**
   * Choose an entry of the context menu of a thread, `name [tid]`.
   *
   * VS Code focuses a view that has the focus whenever its rows are drawn anew, and hears of a loss of
   * focus one turn of its event loop late: a menu that opens in between is shut at once. Seen once in
   * 500 times while rows come and go and the processors are busy; as a person would, open it again.
   */
  async choose(thread: string, entry: string): Promise<void> {
    const [name, id] = thread.split(/[[\]]/).map((part) => part.trim());
    const row = `.monaco-list-row[aria-label^="${name ?? ""}, thread ${id ?? ""},"]`;
    await this.#pane.locator(row).click({ button: "right" });
    if (!(await menuStays(this.#page, entry))) {
      await this.#pane.locator(row).click({ button: "right" });
    }
    await chooseInMenu(this.#page, entry);
  }

  get #pane(): Locator {
    return this.#page.locator('.pane:has(> .pane-header[aria-label^="Threads "])');
  }

  get #rows(): Locator {
    return this.#pane.locator(".monaco-list-row");
  }
}
