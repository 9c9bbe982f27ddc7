import { mkdirSync } from "node:fs";
import * as path from "node:path";
import { chromium, type Browser, type Locator, type Page } from "playwright-core";
import { CallStack } from "./callStack.ts";
import { CodeServer } from "./codeServer.ts";
import { CHROMIUM, SHOTS } from "./places.ts";
import { PATIENCE_MS, until } from "./waiting.ts";

const WINDOW = { width: 1280, height: 800 };

/** A window of VS Code in a browser, driven as a person would. */
export class Editor {
  readonly page: Page;
  readonly callStack: CallStack;
  readonly #server: CodeServer;
  readonly #browser: Browser;

  /** Open a folder and wait until the extension is there. */
  static async open(folder: string): Promise<Editor> {
    const server = await CodeServer.start();
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      // Chromium's sandbox refuses to work for root.
      chromiumSandbox: process.getuid?.() !== 0,
      args: ["--disable-gpu", "--no-first-run", "--disable-background-networking"],
    });
    const page = await browser.newPage({ viewport: WINDOW });
    page.setDefaultTimeout(PATIENCE_MS);
    const editor = new Editor(server, browser, page);
    await page.goto(server.url(folder), { waitUntil: "domcontentloaded" });
    // Earlier keys get lost without a trace: the extensions are not there yet.
    await page.locator(".statusbar-item", { hasText: "dapserver" }).waitFor();
    await page.keyboard.press("Control+Shift+D");
    for (const pane of ["Watch", "Breakpoints"]) await editor.fold(pane);
    return editor;
  }

  private constructor(server: CodeServer, browser: Browser, page: Page) {
    this.#server = server;
    this.#browser = browser;
    this.page = page;
    this.callStack = new CallStack(page);
  }

  async press(key: string): Promise<void> {
    await this.page.keyboard.press(key);
  }

  /** Start a configuration of launch.json by its name, which selects it for F5 too. */
  async start(configuration: string): Promise<void> {
    await this.press("Control+P");
    await this.choose(`debug ${configuration}`, configuration);
  }

  /** Run a command of the palette. */
  async command(title: string): Promise<void> {
    await this.press("F1");
    await this.choose(`>${title}`, title);
  }

  /** Type into the list that is open, and take the first entry once it is the one that is meant. */
  async choose(typed: string, entry: string): Promise<void> {
    await this.quickInput.fill(typed);
    await this.page
      .locator(".quick-input-list .monaco-list-row.focused", { hasText: entry })
      .waitFor();
    await this.press("Enter");
  }

  get quickInput(): Locator {
    return this.page.locator(".quick-input-widget input[type=text]").first();
  }

  /** Close a pane of the side bar, so that CALL STACK has its place. */
  async fold(title: string): Promise<void> {
    const header = this.page.locator(`.pane-header[aria-label^="${title}"]`).first();
    if ((await header.getAttribute("aria-expanded")) === "true") await header.click();
  }

  /** What the editor complains about, in dialogs and notifications. */
  messages(): Promise<string[]> {
    return this.page.locator(".notification-list-item, .monaco-dialog-box").allTextContents();
  }

  /** End the session that is selected, by Shift+F5, and wait until no session is left. */
  async endSession(): Promise<void> {
    await this.press("Shift+F5");
    await until(
      "the session has ended",
      () => this.page.locator(".codicon-debug-disconnect, .codicon-debug-stop").count(),
      (buttons) => buttons === 0,
    );
  }

  /** Keep a picture of the window as it is now. */
  async shot(name: string): Promise<void> {
    mkdirSync(SHOTS, { recursive: true });
    await this.page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#server.close();
  }
}
