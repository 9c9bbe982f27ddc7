import * as os from "node:os";
import * as vscode from "vscode";
import { commandWords, expandHome } from "./commandLine";

/** How to run the server, without `--socket`: program and arguments from the settings. */
export function serverCommand(): string[] {
  const settings = vscode.workspace.getConfiguration("dapserver");
  const command = commandWords(
    settings.get<string | string[]>("command", "dapserver"),
    os.homedir(),
  );
  const log = settings.get<string>("log", "").trim();
  return log === "" ? command : [...command, "--log", expandHome(log, os.homedir())];
}
