import * as vscode from "vscode";
import { processItem, type ProcessItem } from "./processItem";
import { listProcesses, type Process } from "./processes";

/** Let the user choose a process of the machine this extension runs on; undefined if they do not. */
export async function pickProcess(
  isOurs: (process: Process) => boolean,
): Promise<Process | undefined> {
  const picker = vscode.window.createQuickPick<ProcessItem>();
  picker.title = "Attach to a process";
  picker.placeholder = "Name, process id, user or part of the command line";
  picker.matchOnDescription = true;
  picker.matchOnDetail = true;
  // The user may look for a process id in a terminal meanwhile.
  picker.ignoreFocusOut = true;
  picker.buttons = [{ iconPath: new vscode.ThemeIcon("refresh"), tooltip: "Read the list anew" }];

  const fill = async () => {
    picker.busy = true;
    const processes = await listProcesses();
    picker.items = processes.filter((process) => !isOurs(process)).map(processItem);
    picker.busy = false;
  };
  try {
    return await new Promise((resolve, reject) => {
      picker.onDidTriggerButton(() => void fill().catch(reject));
      picker.onDidAccept(() => {
        resolve(picker.selectedItems[0]?.process);
      });
      picker.onDidHide(() => {
        resolve(undefined);
      });
      picker.show();
      fill().catch(reject);
    });
  } finally {
    picker.dispose();
  }
}
