import * as vscode from "vscode";
import { ActiveSession } from "./activeSession";
import { RemedyOffer } from "./offerRemedy";
import type { Process } from "./processes";
import { pickProcess } from "./processPicker";
import { AdapterFactory, ConfigurationProvider, warmUp } from "./sessions";
import { statusBar } from "./statusBar";
import { threads } from "./threads";
import { WarmServer } from "./warmServer";

const TYPE = "dapserver";
let server: WarmServer | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const output = vscode.window.createOutputChannel("dapserver", { log: true });
  const warm = new WarmServer((line) => {
    output.info(line);
  });
  server = warm;

  const pick = () => {
    warmUp(warm);
    return pickProcess((process) => isOurs(process, warm));
  };
  const active = new ActiveSession(TYPE);
  context.subscriptions.push(
    output,
    active,
    vscode.debug.registerDebugAdapterTrackerFactory(TYPE, new RemedyOffer()),
    vscode.debug.registerDebugConfigurationProvider(TYPE, new ConfigurationProvider(warm, output)),
    vscode.debug.registerDebugAdapterDescriptorFactory(TYPE, new AdapterFactory(warm)),
    vscode.commands.registerCommand("dapserver.pickProcess", async () =>
      (await pick())?.pid.toString(),
    ),
    vscode.commands.registerCommand("dapserver.attachToProcess", async () => {
      const process = await pick();
      if (process !== undefined) await attach(process);
    }),
    vscode.commands.registerCommand("dapserver.restartServer", () => warm.stop()),
    threads(active, context),
    // The last: it says that all else is ready.
    statusBar(active),
  );
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

async function attach({ pid, name }: Process): Promise<void> {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  await vscode.debug.startDebugging(folder, {
    type: TYPE,
    request: "attach",
    name: `${name} (${pid})`,
    processId: pid,
  });
}

/** This extension host, the server and the server's sessions: pausing them would pause the user. */
function isOurs({ pid, parent }: Process, { pids }: WarmServer): boolean {
  return pid === process.pid || pids.includes(pid) || pids.includes(parent);
}
