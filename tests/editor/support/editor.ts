import { mkdirSync } from "node:fs";
import * as path from "node:path";
import { chromium, type Browser, type Locator, type Page } from "playwright-core";
import { Breakpoints } from "./breakpoints.ts";
import { CallStack } from "./callStack.ts";
import { CodeServer } from "./codeServer.ts";
import { Disassembly } from "./disassembly.ts";
import { Inspection } from "./inspection.ts";
import { CHROMIUM, SHOTS } from "./places.ts";
import { SourceView } from "./sourceView.ts";
import { ThreadsView } from "./threadsView.ts";
import { Timeline } from "./timeline.ts";
import { PATIENCE_MS, until } from "./waiting.ts";

const WINDOW = { width: 1280, height: 900 };
const CLIPBOARD = ["clipboard-read", "clipboard-write"];
/** The panes that leave no place for CALL STACK. */
const OTHER_PANES = ["Variables", "Watch", "Breakpoints"];

/** The debug toolbar, which is docked. */
const TOOLBAR = ".part.sidebar > .composite.title";

/** A window of VS Code in a browser, driven as a person would. */
export class Editor {
  readonly page: Page;
  readonly source: SourceView;
  readonly callStack: CallStack;
  readonly breakpoints: Breakpoints;
  readonly inspection: Inspection;
  readonly disassembly: Disassembly;
  readonly threadsView: ThreadsView;
  readonly timeline: Timeline;
  readonly #server: CodeServer;
  readonly #browser: Browser;

  /** Open a folder and wait until the extension is there. */
  static async open(folder: string): Promise<Editor> {
    const server = await CodeServer.start();
    const browser = await launchBrowser();
    const page = await browser.newPage({ viewport: WINDOW, permissions: CLIPBOARD });
    const editor = new Editor(server, browser, page);
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
    this.source = new SourceView(page);
    this.callStack = new CallStack(page);
    this.breakpoints = new Breakpoints(page);
    this.inspection = new Inspection(page);
    this.disassembly = new Disassembly(page);
    this.threadsView = new ThreadsView(page);
    this.timeline = new Timeline(page);
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

  /** Show a file of the folder, or one with an absolute path. */
  async openFile(name: string): Promise<void> {
    await this.press("Control+P");
    await this.choose(name, path.basename(name));
  }

  /** Save as a file of this kind under the name that the dialog proposes, and return that name. */
  async acceptFile(extension: string): Promise<string> {
    const proposed = await until(
      "a file name is proposed",
      () => this.quickInput.inputValue(),
      (value) => value.endsWith(extension),
    );
    await this.press("Enter");
    return path.basename(proposed);
  }

  get quickInput(): Locator {
    return this.page.locator(".quick-input-widget input[type=text]").first();
  }

  /** Bring a line of the file that is open into sight. */
  async goToLine(line: number): Promise<void> {
    await this.press("Control+G");
    await this.quickInput.fill(`:${line}`);
    await this.press("Enter");
    await this.quickInput.waitFor({ state: "hidden" });
  }

  /** Press a button of the debug toolbar: `step-over`, `continue`... */
  async toolbar(button: string): Promise<void> {
    await this.page.locator(`${TOOLBAR} .codicon-debug-${button}:not(.disabled)`).click();
  }

  /** Wait until the frame of a stop is shown in its source: then the editor takes the focus. */
  async frameShown(): Promise<void> {
    const source = this.page.locator(".monaco-editor.focused");
    await source.locator(".view-overlays [class*=stack-frame-line]").waitFor();
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

  async removeBreakpoints(): Promise<void> {
    await this.command("Remove All Breakpoints");
    await this.source.untilDots();
  }

  notification(text = ""): Locator {
    return this.page.locator(".notification-list-item", { hasText: text });
  }

  /** A dialog in the way of all else, with this text. */
  dialog(text: string): Locator {
    return this.page.locator(".monaco-dialog-box", { hasText: text });
  }

  /** The button of a notification. */
  button(name: string): Locator {
    return this.page.locator(".notification-list-item .monaco-button", { hasText: name });
  }

  /** Wait until a text like this was copied. */
  async copied(text: RegExp): Promise<void> {
    await until(
      `copied: ${text.source}`,
      () => this.page.evaluate(() => navigator.clipboard.readText()),
      (copy) => text.test(copy),
    );
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
    // What is left in sight for a moment looks as if it were the next session's.
    await this.callStack.until("no session", (rows) => rows.length === 0);
    await this.threadsView.until("nothing", (rows) => rows.length === 0);
  }

  /** Put the pointer where nothing changes below it. */
  async moveAside(): Promise<void> {
    await this.page.mouse.move(WINDOW.width / 6, 1);
    await this.page.locator(".workbench-hover").waitFor({ state: "hidden" });
  }

  /** Keep a picture of the window as it is now. */
  async shot(name: string): Promise<void> {
    mkdirSync(SHOTS, { recursive: true });
    // Clicks scroll the whole window by the width of its border.
    await this.page.locator(".part.sidebar").evaluate((element) => {
      for (let it: Element | null = element; it; it = it.parentElement) it.scrollTo(0, 0);
    });
    const file = path.join(SHOTS, `${name}.png`);
    await this.page.screenshot({ path: file, animations: "disabled" });
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
    // What threads do can be read in their rows then.
    await this.command("Increase Current View Size");
  }

  #header(pane: string): Locator {
    return this.page.locator(`.pane-header[aria-label^="${pane} "]`);
  }

  async #isOpen(pane: string): Promise<boolean> {
    return (await this.#header(pane).getAttribute("aria-expanded")) === "true";
  }

  /** The buttons of the debug toolbar that end the session: disconnect if it was attached to. */
  get #endButtons(): Locator {
    const buttons = ["disconnect", "stop"].map((name) => `${TOOLBAR} .codicon-debug-${name}`);
    return this.page.locator(buttons.join());
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
