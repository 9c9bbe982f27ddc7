import * as vscode from "vscode";
import type { ActiveSession } from "./activeSession";
import { Pacer } from "./pacer";

/** Says that the extension is ready, and with a session how many threads it traces. */
export function statusBar(active: ActiveSession): vscode.Disposable {
  const item = vscode.window.createStatusBarItem("dapserver", vscode.StatusBarAlignment.Left);
  item.name = "dapserver";
  const show = () => {
    Object.assign(item, active.current === undefined ? idle() : traced(active.threadCount));
  };
  const pacer = new Pacer(show, { gap: 250 });
  const request = () => {
    pacer.request();
  };
  show();
  item.show();
  pacer.on = true;
  return vscode.Disposable.from(
    item,
    active.onDidChange(request),
    active.onDidChangeThreads(request),
    new vscode.Disposable(() => (pacer.on = false)),
  );
}

type Look = Pick<vscode.StatusBarItem, "text" | "tooltip" | "command" | "accessibilityInformation">;

function idle(): Look {
  return {
    text: "$(debug-alt) dapserver",
    tooltip: "dapserver: Attach to Process...",
    command: "dapserver.attachToProcess",
    accessibilityInformation: { label: "dapserver is ready. Attach to a process", role: "button" },
  };
}

function traced(count: number): Look {
  const threads = `${count} ${count === 1 ? "thread" : "threads"}`;
  return {
    text: `$(debug-alt) ${threads}`,
    tooltip: `dapserver traces ${threads}. Show them`,
    command: "dapserver.threads.focus",
    accessibilityInformation: { label: `dapserver traces ${threads}. Show them`, role: "button" },
  };
}
