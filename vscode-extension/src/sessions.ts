import * as vscode from "vscode";
import { INSTALL_COMMAND, ServerStartError } from "./serverErrors";
import { complete, hasOwnServer, withNumericProcessId, type Arguments } from "./sessionArguments";
import { serverCommand } from "./settings";
import type { WarmServer } from "./warmServer";

/** Prepare launch.json entries, and make sure of the server before a session begins. */
export class ConfigurationProvider implements vscode.DebugConfigurationProvider {
  readonly #server: WarmServer;
  readonly #output: vscode.OutputChannel;

  constructor(server: WarmServer, output: vscode.OutputChannel) {
    this.#server = server;
    this.#output = output;
  }

  resolveDebugConfiguration(
    folder: vscode.WorkspaceFolder | undefined,
    entry: vscode.DebugConfiguration,
  ): vscode.DebugConfiguration {
    if (!hasOwnServer(entry)) warmUp(this.#server);
    return asConfiguration(complete(entry, folder?.uri.fsPath));
  }

  async resolveDebugConfigurationWithSubstitutedVariables(
    _folder: vscode.WorkspaceFolder | undefined,
    entry: vscode.DebugConfiguration,
  ): Promise<vscode.DebugConfiguration | undefined> {
    try {
      if (!hasOwnServer(entry)) await this.#server.socket(serverCommand());
    } catch (error) {
      void report(error, this.#output);
      return undefined; // ends the start without a second message
    }
    return asConfiguration(withNumericProcessId(entry));
  }
}

/** Connect each session to the warm server. */
export class AdapterFactory implements vscode.DebugAdapterDescriptorFactory {
  readonly #server: WarmServer;

  constructor(server: WarmServer) {
    this.#server = server;
  }

  async createDebugAdapterDescriptor(): Promise<vscode.DebugAdapterDescriptor> {
    return new vscode.DebugAdapterNamedPipeServer(await this.#server.socket(serverCommand()));
  }
}

/** Start the server while the user still chooses; the session asks again and reports failures. */
export function warmUp(server: WarmServer): void {
  server.socket(serverCommand()).catch(() => undefined);
}

async function report(error: unknown, output: vscode.OutputChannel): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  const copy = "Copy Install Command";
  const settings = "Open Settings";
  const log = "Show Log";
  const missing = error instanceof ServerStartError && error.notInstalled;
  const choice = await vscode.window.showErrorMessage(message, missing ? copy : log, settings);
  if (choice === copy) await vscode.env.clipboard.writeText(INSTALL_COMMAND);
  if (choice === log) output.show();
  if (choice === settings) {
    await vscode.commands.executeCommand("workbench.action.openSettings", "dapserver.command");
  }
}

/** Undo the widening of an entry to `Arguments`: `type`, `request` and `name` went in with it. */
function asConfiguration(entry: Arguments): vscode.DebugConfiguration {
  return entry as Arguments & vscode.DebugConfiguration;
}
