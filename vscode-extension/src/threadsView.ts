import * as vscode from "vscode";
import type { ActiveSession } from "./activeSession";
import type { ThreadDetailsBody } from "./customRequests";
import { ENDED } from "./endedDecoration";
import { Pacer } from "./pacer";
import { threadItem, type ThreadItem } from "./threadItem";
import { arrange, ORDERS, type Order } from "./threadOrder";
import { ThreadTable, type ThreadRow } from "./threadTable";
import { changes } from "./treeChanges";

// While somebody looks: ages and CPU shares change without an event.
const PACE = { gap: 500, every: 1_000 };

export const VIEW = "dapserver.threads";
// Patience with an editor that has nothing to read.
const READ_MS = 1_000;

/** The Threads view of the debug side bar: the threads of the active session, live. */
export class ThreadsView implements vscode.TreeDataProvider<ThreadRow>, vscode.Disposable {
  readonly #active: ActiveSession;
  readonly #changed = new vscode.EventEmitter<ThreadRow[] | undefined>();
  readonly #view: vscode.TreeView<ThreadRow>;
  readonly #subscriptions: vscode.Disposable[];
  readonly #read = new vscode.EventEmitter<void>();
  readonly #tables = new WeakMap<vscode.DebugSession, ThreadTable>();
  #table = new ThreadTable();
  #pacer = this.#newPacer();
  #shown = new Map<ThreadRow, ThreadItem>();
  #filter = "";
  #order: Order = "age";
  #leaving = false;

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(active: ActiveSession) {
    this.#active = active;
    this.#view = vscode.window.createTreeView(VIEW, { treeDataProvider: this });
    this.#subscriptions = [
      this.#view,
      this.#read.event(() => {
        this.#leave();
      }),
      this.#view.onDidChangeVisibility(() => {
        this.#adjust();
      }),
      active.onDidChange((session) => {
        this.#sessionChanged(session);
      }),
      active.onDidChangeThreads(() => {
        this.#pacer.request();
      }),
    ];
    // An extension host that was killed has left what it had set.
    setActive(false);
    this.#adjust();
  }

  dispose(): void {
    this.#pacer.on = false;
    vscode.Disposable.from(...this.#subscriptions, this.#changed, this.#read).dispose();
  }

  getChildren(parent?: ThreadRow): ThreadRow[] {
    setImmediate(() => {
      this.#read.fire();
    });
    return parent === undefined ? [...this.#shown.keys()] : [];
  }

  getTreeItem(row: ThreadRow): vscode.TreeItem {
    const { label, description, spoken, icon, iconColor, context } = threadItem(row);
    const item = new vscode.TreeItem(label);
    item.id = `${row.key}`;
    item.description = description;
    item.tooltip = spoken;
    item.accessibilityInformation = { label: spoken };
    const color = iconColor === undefined ? undefined : new vscode.ThemeColor(iconColor);
    item.iconPath = new vscode.ThemeIcon(icon, color);
    item.contextValue = context;
    item.command = { command: "dapserver.thread.focus", title: "Focus", arguments: [row] };
    if (row.state === "ended") item.resourceUri = ENDED;
    return item;
  }

  /** Wait until the editor has read the rows the next time, or does not want to. */
  async isRead(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, READ_MS);
      const listening = this.#read.event(() => {
        clearTimeout(timer);
        listening.dispose();
        resolve();
      });
    });
  }

  async askFilter(): Promise<void> {
    const filter = await vscode.window.showInputBox({
      title: "Show only threads with",
      prompt: "Words of the name, the id, the state or the system call. Empty: show all.",
      placeHolder: "worker futex",
      value: this.#filter,
    });
    if (filter !== undefined) this.setFilter(filter);
  }

  setFilter(filter: string): void {
    this.#filter = filter.trim();
    void vscode.commands.executeCommand("setContext", "dapserver.filtered", this.#filter !== "");
    this.#show();
  }

  async askOrder(): Promise<void> {
    const picks = (Object.keys(ORDERS) as Order[]).map((order) => ({
      label: ORDERS[order],
      order,
    }));
    const pick = await vscode.window.showQuickPick(picks, { title: "Sort the threads by" });
    if (pick === undefined) return;
    this.#order = pick.order;
    this.#show();
  }

  #newPacer(): Pacer {
    return new Pacer(() => this.#refresh(), PACE);
  }

  #adjust(): void {
    this.#pacer.on = this.#view.visible && this.#active.current !== undefined;
  }

  /** Show what is known of that session, and ask at once: a new pacer has no turn to wait for. */
  #sessionChanged(session: vscode.DebugSession | undefined): void {
    this.#table = (session && this.#tables.get(session)) ?? new ThreadTable();
    if (session !== undefined) this.#tables.set(session, this.#table);
    this.#pacer.on = false;
    this.#pacer = this.#newPacer();
    // Hidden with its rows, the view would show them again, as its own, when the next session begins:
    // so it stays until the editor has read that there are none.
    this.#leaving = session === undefined && this.#view.visible && this.#shown.size > 0;
    if (session !== undefined) setActive(true);
    else if (!this.#leaving) setActive(false);
    this.#show();
    this.#adjust();
  }

  #leave(): void {
    if (this.#leaving) setActive(false);
    this.#leaving = false;
  }

  async #refresh(): Promise<void> {
    const session = this.#active.current;
    try {
      const body = (await session?.customRequest("threadDetails")) as ThreadDetailsBody | undefined;
      if (body === undefined || session !== this.#active.current) return;
      this.#table.update(body);
      this.#show();
    } catch (error) {
      // Between the end of a process and of its session there is nothing to ask.
      if (session === this.#active.current) this.#view.message = String(error);
    }
  }

  #show(): void {
    const rows = arrange(this.#table.rows, this.#filter, this.#order);
    const shown = new Map(rows.map((row) => [row, threadItem(row)]));
    const changed = changes(this.#shown, shown);
    this.#shown = shown;
    if (changed === "all") this.#changed.fire(undefined);
    else if (changed.length > 0) this.#changed.fire(changed);
    this.#view.description = this.#summary();
    this.#view.message = this.#filter && rows.length === 0 ? "No thread matches the filter." : "";
  }

  #summary(): string {
    if (this.#active.current === undefined) return "";
    const filter = this.#filter && `filter: ${this.#filter}`;
    const order = this.#order === "age" ? "" : `by ${this.#order}`;
    return [`${this.#active.threadCount}`, filter, order].filter(Boolean).join(" · ");
  }
}

/** Whether there is a session: the view and its commands are there then. */
function setActive(active: boolean): void {
  void vscode.commands.executeCommand("setContext", "dapserver.active", active);
}
