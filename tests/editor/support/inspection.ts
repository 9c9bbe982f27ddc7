import type { Locator, Page } from "playwright-core";
import { chooseInMenu } from "./menu.ts";

/** VARIABLES and WATCH: what the frame that is looked at has. */
export class Inspection {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Show what is in a scope of VARIABLES; the first one opens by itself. */
  async unfoldScope(name: string): Promise<void> {
    const scopes = this.#page.locator('.debug-variables .monaco-list-row[aria-label^="Scope "]');
    const scope = scopes.and(this.#page.locator(`[aria-label^="Scope ${name}"]`));
    await scopes.and(this.#page.locator('[aria-expanded="true"]')).first().waitFor();
    if ((await scope.getAttribute("aria-expanded")) === "true") return;
    await scope.locator(".monaco-tl-twistie").click();
  }

  /** The row of VARIABLES of this name, with this value if one is given. */
  variable(name: string, value = ""): Locator {
    return this.#row(".debug-variables", name, value);
  }

  /** Give a variable another value. */
  async set(name: string, value: string): Promise<void> {
    await this.variable(name).locator(".value").dblclick();
    await this.#enter(".debug-variables", value);
  }

  /** Choose an entry of the menu of a variable. */
  async choose(name: string, entry: string): Promise<void> {
    await this.variable(name).click({ button: "right" });
    await chooseInMenu(this.#page, entry);
  }

  /** Add an expression to WATCH. */
  async watch(expression: string): Promise<void> {
    const header = this.#page.locator('.pane-header[aria-label^="Watch "]');
    await header.hover();
    await header.locator('.action-label[aria-label^="Add Expression"]').click();
    await this.#enter(".debug-watch", expression);
  }

  /** The row of an expression of WATCH, with this value. */
  watched(expression: string, value: string): Locator {
    return this.#row(".debug-watch", expression, value);
  }

  #row(view: string, name: string, value: string): Locator {
    const label = JSON.stringify(`${name}, value ${value}`);
    return this.#page.locator(`${view} .monaco-list-row[aria-label^=${label}]`);
  }

  async #enter(view: string, text: string): Promise<void> {
    const input = this.#page.locator(`${view} .monaco-inputbox input`);
    await input.fill(text);
    await input.press("Enter");
    await input.waitFor({ state: "hidden" });
  }
}
