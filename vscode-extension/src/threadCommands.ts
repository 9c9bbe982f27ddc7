import * as vscode from "vscode";
import type { ActiveSession } from "./activeSession";
import type { ThreadRow } from "./threadTable";
import { VIEW, type ThreadsView } from "./threadsView";

const PREFIX = "dapserver.thread.";

/** What can be done with a row of the Threads view. */
export function threadCommands(active: ActiveSession, view: ThreadsView): vscode.Disposable[] {
  const request = async (name: string, parameters: object) => {
    try {
      await active.current?.customRequest(name, parameters);
    } catch (error) {
      void vscode.window.showErrorMessage(String(error));
    }
  };
  const acts: Readonly<Record<string, (row: ThreadRow) => unknown>> = {
    focus: async ({ id, state }) => {
      // The editor follows only the server: asked to pause what stands still, it tells of it again.
      if (state === "paused") await request("pause", { threadId: id });
      else await vscode.commands.executeCommand("workbench.debug.callStackView.focus");
    },
    pause: ({ id }) => request("pause", { threadId: id }),
    continue: ({ id }) => request("continue", { threadId: id, singleThread: true }),
    copyId: ({ id }) => vscode.env.clipboard.writeText(`${id}`),
  };
  const actOn = (row: ThreadRow | undefined, name: string) => {
    if (row !== undefined) return acts[name]?.(row);
    return vscode.window.setStatusBarMessage("The threads have just changed: once more", 5_000);
  };
  return [
    ...Object.keys(acts).map((name) =>
      register(name, async (row) => {
        if (row !== undefined) return actOn(row, name);
        // Whenever threads came or went the editor reads the rows anew, and knows none meanwhile. Who
        // opened the menu of a row has given it the focus: so ask for that one, once they are read.
        await view.isRead();
        return withFocusedRow(`${PREFIX}focused`, name);
      }),
    ),
    register("focused", (row, name = "") => actOn(row, name)),
    // A button in a row gives no focus.
    ...["pause", "continue"].map((name) => register(`${name}.button`, (row) => actOn(row, name))),
  ];
}

function register(
  name: string,
  command: (row: ThreadRow | undefined, argument?: string) => unknown,
): vscode.Disposable {
  return vscode.commands.registerCommand(`${PREFIX}${name}`, command);
}

/** Have the editor run a command with the row that has the focus: it does so for its own menus only. */
function withFocusedRow(command: string, argument: string): Thenable<unknown> {
  const row = { $treeViewId: VIEW, $focusedTreeItem: true };
  return vscode.commands.executeCommand("runCommands", {
    commands: [{ command, args: [row, argument] }],
  });
}
