import * as path from "node:path";
import * as vscode from "vscode";

/** Save what the session has seen as a Chrome Trace Event file, which Perfetto opens. */
export async function exportTrace(session: vscode.DebugSession | undefined): Promise<void> {
  if (session === undefined) return;
  try {
    // Before the dialog: the session may end while the user chooses.
    const trace: unknown = await session.customRequest("threadTrace");
    const file = await vscode.window.showSaveDialog({
      title: "Export the timeline as a trace",
      defaultUri: proposedFile(session.name),
      filters: { "Chrome Trace Event": ["json"] },
    });
    if (file === undefined) return;
    await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(JSON.stringify(trace)));
    void vscode.window.showInformationMessage(
      `Saved ${path.basename(file.fsPath)}. Perfetto (ui.perfetto.dev) and chrome://tracing open it.`,
    );
  } catch (error) {
    void vscode.window.showErrorMessage(`The trace was not saved: ${String(error)}`);
  }
}

function proposedFile(session: string): vscode.Uri {
  const name = `threads-${session.match(/[\w.-]+/g)?.join("-") ?? "trace"}.json`;
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  return folder === undefined ? vscode.Uri.file(name) : vscode.Uri.joinPath(folder.uri, name);
}
