import { readFileSync } from "node:fs";
import * as path from "node:path";
import type { Editor } from "./editor.ts";
import { PROGRAMS } from "./places.ts";
import type { Program } from "./program.ts";
import type { Workspace } from "./workspace.ts";

/** The program that is stopped and looked into. */
export const BANK = "bank.c";

const SOURCE = readFileSync(path.join(PROGRAMS, BANK), "utf8").split("\n");

/** The number of the line that is marked by `at NAME`. */
export function lineAt(name: string): number {
  return 1 + SOURCE.findIndex((line) => line.includes(`/* at ${name} */`));
}

/** Start it, and open the window on its source with a configuration that attaches to it. */
export async function openBank(workspace: Workspace): Promise<Program> {
  const bank = await workspace.start("bank", BANK);
  workspace.configure({ name: "Attach", request: "attach", processId: bank.pid });
  await workspace.open(BANK);
  return bank;
}

export async function attachTo(bank: Program, editor: Editor): Promise<void> {
  await editor.press("F5");
  await editor.callStack.untilThreads("all threads", () => bank.threads());
  await editor.goToLine(lineAt("balance grows"));
}
