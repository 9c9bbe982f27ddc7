import * as vscode from "vscode";
import type { ActiveSession } from "./activeSession";
import { endedDecoration } from "./endedDecoration";
import { threadCommands } from "./threadCommands";
import { ThreadsView } from "./threadsView";
import { TimelinePanel } from "./timelinePanel";

const UNFOLDED = "threadsUnfolded";

/** The Threads view and the timeline, with their commands. */
export function threads(
  active: ActiveSession,
  { extensionUri, workspaceState }: vscode.ExtensionContext,
): vscode.Disposable {
  const view = new ThreadsView(active);
  const { registerCommand } = vscode.commands;
  return vscode.Disposable.from(
    view,
    vscode.window.registerFileDecorationProvider(endedDecoration),
    registerCommand("dapserver.threads.filter", () => view.askFilter()),
    registerCommand("dapserver.threads.clearFilter", () => {
      view.setFilter("");
    }),
    registerCommand("dapserver.threads.sort", () => view.askOrder()),
    ...threadCommands(active, view),
    timeline(active, extensionUri),
    unfoldOnce(active, workspaceState),
  );
}

/** Editors fold the views that extensions add to their own side bars; who folds it again means it. */
function unfoldOnce(active: ActiveSession, state: vscode.Memento): vscode.Disposable {
  return active.onDidChange((session) => {
    if (session === undefined || state.get(UNFOLDED) === true) return;
    void state.update(UNFOLDED, true);
    void vscode.commands.executeCommand("dapserver.threads.focus", { preserveFocus: true });
  });
}

/** There is one panel, which the command makes or brings to the front. */
function timeline(active: ActiveSession, extension: vscode.Uri): vscode.Disposable {
  let panel: TimelinePanel | undefined;
  const command = vscode.commands.registerCommand("dapserver.showTimeline", () => {
    if (panel !== undefined) {
      panel.reveal();
      return;
    }
    const opened = new TimelinePanel(active, extension);
    panel = opened;
    opened.onDidDispose(() => {
      opened.dispose();
      panel = undefined;
    });
  });
  return vscode.Disposable.from(command, new vscode.Disposable(() => panel?.dispose()));
}
