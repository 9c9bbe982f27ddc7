import * as vscode from "vscode";
import { copyLabel, quotedCommands, refusal, type Response } from "./remedies";

/** Offers to copy the commands that the server names where it refuses a session. */
export class RemedyOffer implements vscode.DebugAdapterTrackerFactory {
  createDebugAdapterTracker(session: vscode.DebugSession): vscode.DebugAdapterTracker {
    return {
      onDidSendMessage: (response: Response) => {
        const message = refusal(response);
        if (message !== undefined) void offer(session.name, message);
      },
    };
  }
}

/** The editor shows the message itself, in a dialog that takes no more buttons. */
async function offer(session: string, message: string): Promise<void> {
  const commands = quotedCommands(message);
  if (commands.length === 0) return;
  const labels = commands.map((command) => copyLabel(command, commands));
  const text = `${session} could not start. What may help: ${commands.join(" or ")}`;
  // An error, since the editor hides a warning after a moment, below its dialog.
  const choice = await vscode.window.showErrorMessage(text, ...labels);
  const command = commands[labels.indexOf(choice ?? "")];
  if (command !== undefined) await vscode.env.clipboard.writeText(command);
}
