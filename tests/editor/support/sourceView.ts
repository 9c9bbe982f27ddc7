import type { Locator, Page } from "playwright-core";
import { chooseInMenu } from "./menu.ts";
import { until } from "./waiting.ts";

/** The red dot of a breakpoint, and the kinds that look different. */
export interface Dot {
  readonly line: number;
  /** `breakpoint`, `breakpoint-unverified`, `breakpoint-conditional`, `breakpoint-log`... */
  readonly kind: string;
}

/** The source that is open: its lines, and what stands beside and above them. */
export class SourceView {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Click beside a line, which has to be in sight. */
  async clickGutter(line: number, button: "left" | "right" = "left"): Promise<void> {
    const [{ x: left }, { y, height }] = await Promise.all([
      boxOf(this.#editor.locator(".glyph-margin")),
      boxOf(this.#number(line)),
    ]);
    await this.#page.mouse.click(left + height / 2, y + height / 2, { button });
  }

  /** Click beside a line, and wait for the red dot beside the line where there is code. */
  async setBreakpoint(line: number, lineOfCode = line): Promise<void> {
    await this.clickGutter(line);
    await this.untilDots({ line: lineOfCode, kind: "breakpoint" });
  }

  /** Add a breakpoint of a kind of the menu beside a line: `Logpoint`... with what it asks for. */
  async addBreakpoint(line: number, kind: string, text: string): Promise<void> {
    await this.clickGutter(line, "right");
    await chooseInMenu(this.#page, `Add ${kind}...`);
    const box = this.#editor.locator(".breakpoint-widget");
    await box.locator(".monaco-editor.focused").waitFor();
    await this.#page.keyboard.type(text);
    await this.#page.keyboard.press("Enter");
    await box.waitFor({ state: "hidden" });
  }

  /** Choose an entry of the menu of a line's code. */
  async chooseInCode(line: number, word: string, entry: string): Promise<void> {
    const [x, y] = await this.#placeOf(line, word);
    await this.#page.mouse.click(x, y, { button: "right" });
    await chooseInMenu(this.#page, entry);
  }

  /** The dots in sight, from top to bottom. */
  async dots(): Promise<Dot[]> {
    return this.#editor.evaluate((editor) => {
      const top = (element: Element) => Math.round(element.getBoundingClientRect().top);
      const numbers = new Map(
        [...editor.querySelectorAll(".line-numbers")].map((number) => [
          top(number),
          Number(number.textContent),
        ]),
      );
      return [...editor.querySelectorAll(".glyph-margin-widgets [class*=codicon-debug-breakpoint]")]
        .map((dot) => ({
          line: numbers.get(top(dot)) ?? 0,
          kind: /codicon-debug-(breakpoint\S*)/.exec(dot.className)?.[1] ?? "",
        }))
        .sort((one, other) => one.line - other.line);
    });
  }

  /** Wait until exactly these dots are there. */
  async untilDots(...dots: readonly Dot[]): Promise<void> {
    await until(
      `these dots: ${JSON.stringify(dots)}`,
      () => this.dots(),
      (seen) => JSON.stringify(seen) === JSON.stringify(dots),
    );
  }

  /** Wait until the arrow of the frame that is looked at is beside this line. */
  async untilAt(line: number): Promise<void> {
    await until(
      `the program is in line ${line}`,
      () => this.#lineAtArrow(),
      (seen) => seen === line,
    );
  }

  /** Put the pointer on a word of a line. */
  async pointAt(line: number, word: string): Promise<void> {
    await this.#page.mouse.move(...(await this.#placeOf(line, word)), { steps: 3 });
  }

  /** What is shown above the word that is pointed at. */
  get hover(): Locator {
    return this.#page.locator(".debug-hover-widget");
  }

  get #editor(): Locator {
    return this.#page.locator(".editor-group-container.active .monaco-editor").first();
  }

  #number(line: number): Locator {
    return this.#editor.locator(".line-numbers").getByText(`${line}`, { exact: true });
  }

  #lineAtArrow(): Promise<number> {
    return this.#editor.evaluate((editor) => {
      const middle = (element: Element) => {
        const { top, height } = element.getBoundingClientRect();
        return top + height / 2;
      };
      const arrow = editor.querySelector("[class*=codicon-debug-stackframe]");
      if (arrow === null) return 0;
      const numbers = [...editor.querySelectorAll(".line-numbers")];
      const beside = numbers.find((number) => Math.abs(middle(number) - middle(arrow)) < 2);
      return Number(beside?.textContent ?? 0);
    });
  }

  /** The middle of the first such word of a line. */
  async #placeOf(line: number, word: string): Promise<[number, number]> {
    const { y, height } = await boxOf(this.#number(line));
    const middle = y + height / 2;
    const x = await this.#editor.evaluate(
      (editor, { middle, word }) => {
        const row = [...editor.querySelectorAll(".view-line")].find((candidate) => {
          const { top, bottom } = candidate.getBoundingClientRect();
          return top < middle && middle < bottom;
        });
        const texts = document.createTreeWalker(row ?? editor, NodeFilter.SHOW_TEXT);
        for (let text = texts.nextNode(); text !== null; text = texts.nextNode()) {
          const at = text.nodeValue?.indexOf(word) ?? -1;
          if (at < 0) continue;
          const range = document.createRange();
          range.setStart(text, at);
          range.setEnd(text, at + word.length);
          const { left, width } = range.getBoundingClientRect();
          return left + width / 2;
        }
        return undefined;
      },
      { middle, word },
    );
    if (x === undefined) throw new Error(`no ${word} in line ${line}`);
    return [x, middle];
  }
}

async function boxOf(locator: Locator): Promise<{ x: number; y: number; height: number }> {
  const box = await locator.boundingBox();
  if (box === null) throw new Error("not in sight");
  return box;
}
