import * as vscode from "vscode";
import type { ActiveSession } from "./activeSession";
import type { ThreadRow } from "./threadTable";

/** What can be done with a row of the Threads view. */
export function threadCommands(active: ActiveSession): vscode.Disposable[] {
  const request = async (name: string, parameters: object) => {
    try {
      await active.current?.customRequest(name, parameters);
    } catch (error) {
      void vscode.window.showErrorMessage(String(error));
    }
  };
  // The editor knows no rows for a moment whenever threads came or went: it reads them all anew then.
  const register = (name: string, act: (row: ThreadRow) => unknown) =>
    vscode.commands.registerCommand(`dapserver.thread.${name}`, (row?: ThreadRow) => {
      if (row !== undefined) return act(row);
      return vscode.window.setStatusBarMessage("The threads have just changed: once more", 5_000);
    });
  return [
    register("focus", async ({ id, state }) => {
      // The editor follows only the server: asked to pause what stands still, it tells of it again.
      if (state === "paused") await request("pause", { threadId: id });
      else await vscode.commands.executeCommand("workbench.debug.callStackView.focus");
    }),
    register("pause", ({ id }) => request("pause", { threadId: id })),
    register("continue", ({ id }) => request("continue", { threadId: id, singleThread: true })),
    register("copyId", ({ id }) => vscode.env.clipboard.writeText(`${id}`)),
  ];
}
