import type { FrameLocator, Locator, Page } from "playwright-core";

/** A bar in the picture, in pixels of the picture. */
export interface Bar {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The colours of the bars: of threads that live, and of those that have ended. */
const COLOURS = { alive: "--vscode-charts-green", ended: "--vscode-charts-blue" } as const;

/** The extension's picture of the threads' lives, a page within the page. */
export class Timeline {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** What it says below the picture: all of it, or the thread that is pointed at. */
  async status(): Promise<string> {
    return (await this.#frame.locator("#status").textContent()) ?? "";
  }

  button(name: string): Locator {
    return this.#frame.getByRole("button", { name });
  }

  /** The bars that are drawn, from top to bottom. They are canvas, so: its pixels of that colour. */
  bars(which: keyof typeof COLOURS): Promise<Bar[]> {
    return this.#canvas.evaluate((canvas: HTMLCanvasElement, variable) => {
      const context = canvas.getContext("2d", { willReadFrequently: true });
      if (context === null || canvas.width === 0) return [];
      context.save();
      context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(variable);
      const colour = context.fillStyle; // as #rrggbb
      const wanted = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
      context.restore();

      const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
      const isOf = (at: number) => wanted.every((value, part) => data[4 * at + part] === value);
      const bars: { left: number; top: number; width: number; height: number }[] = [];
      let above: (typeof bars)[number] | undefined;
      for (let y = 0; y < height; y++) {
        const columns = Array.from({ length: width }, (_, x) => x).filter((x) =>
          isOf(y * width + x),
        );
        const [left, right] = [columns.at(0), columns.at(-1)];
        if (left === undefined || right === undefined) above = undefined;
        else if (above !== undefined) above.height++;
        else bars.push((above = { left, top: y, width: right - left + 1, height: 1 }));
      }
      return bars;
    }, COLOURS[which]);
  }

  /** Put the pointer on a bar. */
  async pointAt({ left, top, width, height }: Bar): Promise<void> {
    const [x, y] = await this.#origin();
    await this.#page.mouse.move(x + left + width / 2, y + top + height / 2);
  }

  /** Drag over a bar, from a little before it to a little after it. */
  async dragOver({ left, top, width, height }: Bar, margin: number): Promise<void> {
    const [x, y] = await this.#origin();
    const middle = y + top + height / 2;
    await this.#page.mouse.move(x + left - margin, middle);
    await this.#page.mouse.down();
    await this.#page.mouse.move(x + left + width + margin, middle, { steps: 5 });
    await this.#page.mouse.up();
  }

  get #frame(): FrameLocator {
    return this.#page.frameLocator("iframe.webview.ready").frameLocator("#active-frame");
  }

  get #canvas(): Locator {
    return this.#frame.locator("#picture canvas");
  }

  async #origin(): Promise<readonly [number, number]> {
    const box = await this.#canvas.boundingBox();
    if (box === null) throw new Error("the timeline is not in sight");
    return [box.x, box.y];
  }
}
