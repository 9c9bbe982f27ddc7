import { mkdirSync } from "node:fs";
import * as path from "node:path";
import { chromium, type Browser, type Locator, type Page } from "playwright-core";
import { CallStack } from "./callStack.ts";
import { CodeServer } from "./codeServer.ts";
import { CHROMIUM, SHOTS } from "./places.ts";
import { PATIENCE_MS, until } from "./waiting.ts";

const WINDOW = { width: 1280, height: 900 };
/** The panes that leave no place for CALL STACK. */
const OTHER_PANES = ["Variables", "Watch", "Breakpoints"];

/** A window of VS Code in a browser, driven as a person would. */
export class Editor {
  readonly page: Page;
  readonly callStack: CallStack;
  readonly #server: CodeServer;
  readonly #browser: Browser;

  /** Open a folder and wait until the extension is there. */
  static async open(folder: string): Promise<Editor> {
    const server = await CodeServer.start();
    const browser = await launchBrowser();
    const editor = new Editor(server, browser, await browser.newPage({ viewport: WINDOW }));
    try {
      await editor.#show(folder);
    } catch (error) {
      await editor.shot("failed-to-open");
      await editor.close();
      throw error;
    }
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
    await this.firstEntry(entry).waitFor();
    await this.press("Enter");
    // Until then the list would take what is typed next.
    await this.firstEntry(entry).waitFor({ state: "hidden" });
  }

  /** The entry that Enter would take, if it has this text. */
  firstEntry(text: string): Locator {
    return this.page.locator(".quick-input-list .monaco-list-row.focused", { hasText: text });
  }

  /** Show a file of the folder. */
  async openFile(name: string): Promise<void> {
    await this.press("Control+P");
    await this.choose(name, name);
  }

  get quickInput(): Locator {
    return this.page.locator(".quick-input-widget input[type=text]").first();
  }

  /** The row of VARIABLES of this name. */
  variable(name: string): Locator {
    return this.page.locator(`.debug-variables .monaco-list-row[aria-label^="${name},"]`);
  }

  /** The names of the threads in the extension's own view, those that have ended included. */
  threadsView(): Promise<string[]> {
    return this.page
      .locator('.pane:has(> .pane-header[aria-label^="Threads "]) .monaco-list-row .label-name')
      .allTextContents();
  }

  /** The extension's item in the status bar. */
  statusItem(text: string): Locator {
    return this.page.locator('.statusbar-item[id^="dapserver."]', { hasText: text });
  }

  async unfold(pane: string): Promise<void> {
    if (!(await this.#isOpen(pane))) await this.#header(pane).click();
  }

  async fold(pane: string): Promise<void> {
    if (await this.#isOpen(pane)) await this.#header(pane).click();
  }

  /** What the editor complains about, in dialogs and notifications. */
  messages(): Promise<string[]> {
    return this.page.locator(".notification-list-item, .monaco-dialog-box").allTextContents();
  }

  /** Close what is open, and end all sessions by Shift+F5. */
  async endSessions(): Promise<void> {
    await this.press("Escape");
    await until(
      "all sessions have ended",
      async () => {
        const sessions = await this.#endButtons.count();
        if (sessions > 0) await this.press("Shift+F5");
        return sessions;
      },
      (sessions) => sessions === 0,
    );
  }

  /** Keep a picture of the window as it is now. */
  async shot(name: string): Promise<void> {
    mkdirSync(SHOTS, { recursive: true });
    // Clicks scroll the whole window by the width of its border.
    await this.page.locator(".part.sidebar").evaluate((element) => {
      for (let it: Element | null = element; it; it = it.parentElement) it.scrollTo(0, 0);
    });
    await this.page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#server.close();
  }

  async #show(folder: string): Promise<void> {
    this.page.setDefaultTimeout(PATIENCE_MS);
    await this.page.goto(this.#server.url(folder), { waitUntil: "domcontentloaded" });
    // Earlier keys get lost without a trace: the extension host is not there yet.
    await this.statusItem("dapserver").waitFor();
    await this.press("Control+Shift+D");
    for (const pane of OTHER_PANES) await this.fold(pane);
  }

  #header(pane: string): Locator {
    return this.page.locator(`.pane-header[aria-label^="${pane} "]`);
  }

  async #isOpen(pane: string): Promise<boolean> {
    return (await this.#header(pane).getAttribute("aria-expanded")) === "true";
  }

  /** The buttons of the debug toolbar that end the session: disconnect if it was attached to. */
  get #endButtons(): Locator {
    const title = ".part.sidebar > .composite.title";
    return this.page.locator(`${title} .codicon-debug-disconnect, ${title} .codicon-debug-stop`);
  }
}

function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    // Chromium's sandbox refuses to work for root.
    chromiumSandbox: process.getuid?.() !== 0,
    args: ["--disable-gpu", "--no-first-run", "--disable-background-networking"],
  });
}
