import type { Locator, Page } from "playwright-core";

/** BREAKPOINTS: what the program is to stop at. */
export class Breakpoints {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** The row with this text. */
  row(text: string): Locator {
    return this.#page.locator(".debug-breakpoints .monaco-list-row", { hasText: text });
  }

  /** Add one at the beginning of a function, and wait until the function was found. */
  async addFunction(name: string): Promise<void> {
    const header = this.#page.locator('.pane-header[aria-label^="Breakpoints "]');
    await header.hover();
    await header.locator('.action-label[aria-label^="Add Function Breakpoint"]').click();
    const input = this.#page.locator(".debug-breakpoints .monaco-inputbox input");
    await input.fill(name);
    await input.press("Enter");
    await this.row(name).locator(".codicon-debug-breakpoint-function").waitFor();
  }

  /** Have the program stop at a kind of exception that answers to a condition. */
  async stopAt(filter: string, condition: string): Promise<void> {
    const row = this.row(filter).first();
    await row.getByRole("checkbox").click();
    await row.hover();
    await row.locator('.action-label[aria-label^="Edit Condition"]').click();
    const input = this.#page.locator(".debug-breakpoints .monaco-inputbox input");
    await input.fill(condition);
    await input.press("Enter");
    await input.waitFor({ state: "hidden" });
  }
}
