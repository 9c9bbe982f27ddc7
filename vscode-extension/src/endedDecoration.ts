import * as vscode from "vscode";

/** Stands for any thread that has ended. */
export const ENDED = vscode.Uri.from({ scheme: "dapserver-thread", path: "/ended" });

/** Greys the rows of ended threads: editors colour a tree's row by the resource it stands for. */
export const endedDecoration: vscode.FileDecorationProvider = {
  provideFileDecoration({ scheme }) {
    if (scheme !== ENDED.scheme) return undefined;
    return new vscode.FileDecoration(
      undefined,
      undefined,
      new vscode.ThemeColor("disabledForeground"),
    );
  },
};
