import * as vscode from "vscode";
import { ThreadCount, type Message } from "./threadCount";

/** The session of this type that is active, or was when another type's became active. */
export class ActiveSession implements vscode.DebugAdapterTrackerFactory, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<vscode.DebugSession | undefined>();
  readonly #threadsChanged = new vscode.EventEmitter<void>();
  readonly #started = new Set<vscode.DebugSession>();
  readonly #counts = new WeakMap<vscode.DebugSession, ThreadCount>();
  readonly #subscriptions: vscode.Disposable[];
  #current: vscode.DebugSession | undefined;

  /** Another session is the current one, or none. */
  readonly onDidChange = this.#changed.event;
  /** Something happened to the threads of the current session. Fires as often as that. */
  readonly onDidChangeThreads = this.#threadsChanged.event;

  constructor(type: string) {
    this.#subscriptions = [
      vscode.debug.onDidChangeActiveDebugSession((session) => {
        if (session === undefined || session.type === type) this.#become(session);
      }),
      vscode.debug.onDidStartDebugSession((session) => {
        if (session.type === type) this.#started.add(session);
      }),
      vscode.debug.onDidTerminateDebugSession((session) => {
        this.#started.delete(session);
        if (session === this.#current) this.#become([...this.#started].at(-1));
      }),
      vscode.debug.registerDebugAdapterTrackerFactory(type, this),
    ];
  }

  get current(): vscode.DebugSession | undefined {
    return this.#current;
  }

  get threadCount(): number {
    return (this.#current && this.#counts.get(this.#current)?.size) ?? 0;
  }

  createDebugAdapterTracker(session: vscode.DebugSession): vscode.DebugAdapterTracker {
    const count = new ThreadCount();
    this.#counts.set(session, count);
    return {
      onDidSendMessage: (message: Message) => {
        if (count.saw(message) && session === this.#current) this.#threadsChanged.fire();
      },
    };
  }

  dispose(): void {
    vscode.Disposable.from(...this.#subscriptions, this.#changed, this.#threadsChanged).dispose();
  }

  #become(session: vscode.DebugSession | undefined): void {
    if (session === this.#current) return;
    this.#current = session;
    this.#changed.fire(session);
  }
}
