import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import type { ActiveSession } from "./activeSession";
import type { ThreadLivesBody } from "./customRequests";
import { exportTrace } from "./exportTrace";
import { Pacer } from "./pacer";
import type { FromPage, ToPage } from "./timeline/messages";
import { timelineHtml } from "./timelineHtml";

// While somebody looks: the bars of living threads grow without an event.
const PACE = { gap: 1_000, every: 1_000 };

const NO_SESSION = "No process is traced. Its threads appear here once you attach to one.";

/** The panel that draws the lives of the active session's threads. */
export class TimelinePanel implements vscode.Disposable {
  readonly #active: ActiveSession;
  readonly #panel: vscode.WebviewPanel;
  readonly #subscriptions: vscode.Disposable[];
  #pacer = this.#newPacer();
  #session: vscode.DebugSession | undefined;
  #cursor = 0;
  #ready = false;

  constructor(active: ActiveSession, extension: vscode.Uri) {
    const dist = vscode.Uri.joinPath(extension, "dist");
    this.#active = active;
    this.#panel = vscode.window.createWebviewPanel(
      "dapserver.timeline",
      "Threads",
      vscode.ViewColumn.Active,
      { enableScripts: true, localResourceRoots: [dist] },
    );
    this.#panel.iconPath = vscode.Uri.joinPath(extension, "images", "icon.png");
    this.#subscriptions = [
      this.#panel.onDidChangeViewState(() => {
        this.#visibilityChanged();
      }),
      this.#panel.webview.onDidReceiveMessage(({ type }: FromPage) => {
        if (type === "ready") this.#begin();
        else void exportTrace(this.#session);
      }),
      active.onDidChange(() => {
        this.#sessionChanged();
      }),
    ];
    this.#panel.webview.html = html(this.#panel.webview, dist);
  }

  /** Fires when the user closes it. */
  get onDidDispose(): vscode.Event<void> {
    return this.#panel.onDidDispose;
  }

  reveal(): void {
    this.#panel.reveal();
  }

  dispose(): void {
    this.#pacer.on = false;
    vscode.Disposable.from(...this.#subscriptions, this.#panel).dispose();
  }

  /** A hidden panel's page is gone; it is made anew, from nothing, when the panel is shown. */
  #visibilityChanged(): void {
    if (!this.#panel.visible) this.#ready = false;
    this.#adjust();
  }

  #begin(): void {
    this.#ready = true;
    this.#cursor = 0;
    this.#session = this.#active.current;
    if (this.#session === undefined) this.#tell({ type: "problem", text: NO_SESSION });
    else this.#tell({ type: "session" });
    this.#panel.title = ["Threads", this.#session?.name].filter(Boolean).join(": ");
    // A new pacer has no turn to wait for.
    this.#pacer.on = false;
    this.#pacer = this.#newPacer();
    this.#adjust();
  }

  /** The picture of a session that is over stays until there is another. */
  #sessionChanged(): void {
    if (this.#active.current !== undefined) this.#begin();
    else this.#tell({ type: "ended" });
    this.#adjust();
  }

  #newPacer(): Pacer {
    return new Pacer(() => this.#refresh(), PACE);
  }

  #adjust(): void {
    this.#pacer.on = this.#ready && this.#panel.visible && this.#active.current !== undefined;
  }

  async #refresh(): Promise<void> {
    const session = this.#session;
    const since = this.#cursor;
    try {
      const body = (await session?.customRequest("threadLives", { since })) as ThreadLivesBody;
      if (session !== this.#session || since !== this.#cursor) return;
      this.#cursor = body.cursor;
      this.#tell({ type: "lives", body });
    } catch (error) {
      if (session === this.#active.current) this.#tell({ type: "problem", text: String(error) });
    }
  }

  #tell(message: ToPage): void {
    if (this.#ready) void this.#panel.webview.postMessage(message);
  }
}

function html(webview: vscode.Webview, dist: vscode.Uri): string {
  const file = (name: string) => webview.asWebviewUri(vscode.Uri.joinPath(dist, name)).toString();
  return timelineHtml({
    script: file("timeline.js"),
    style: file("timeline.css"),
    styleOrigin: webview.cspSource,
    nonce: randomBytes(16).toString("hex"),
  });
}
