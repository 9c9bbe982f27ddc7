import { readFileSync } from "node:fs";
import * as path from "node:path";
import { after, before, describe } from "node:test";
import { threadsOf } from "../support/callStack.ts";
import type { Editor } from "../support/editor.ts";
import { PROGRAMS } from "../support/places.ts";
import type { Program } from "../support/program.ts";
import { Workspace } from "../support/workspace.ts";

const SOURCE = readFileSync(path.join(PROGRAMS, "bank.c"), "utf8").split("\n");

/** The number of the line that is marked by `at NAME`. */
function lineAt(name: string): number {
  return 1 + SOURCE.findIndex((line) => line.includes(`/* at ${name} */`));
}

describe("breakpoints", () => {
  const workspace = new Workspace();
  let bank: Program;

  before(async () => {
    bank = await workspace.start("bank", "bank.c");
    workspace.configure({ name: "Attach", request: "attach", processId: bank.pid });
    await workspace.open("bank.c");
  });
  after(() => workspace.close());

  async function attach(editor: Editor): Promise<void> {
    await editor.press("F5");
    await editor.callStack.untilThreads("all threads", () => bank.threads());
    await editor.goToLine(lineAt("balance grows"));
  }

  /** Click beside a line, and wait for the red dot beside the line where there is code. */
  async function setBreakpoint(editor: Editor, line: number, lineOfCode = line): Promise<void> {
    await editor.source.clickGutter(line);
    await editor.source.untilDots({ line: lineOfCode, kind: "breakpoint" });
  }

  async function removeBreakpoints(editor: Editor): Promise<void> {
    await editor.command("Remove All Breakpoints");
    await editor.source.untilDots();
  }

  async function stopped(editor: Editor, line: number): Promise<void> {
    await editor.callStack.until("all threads stand still, one at the breakpoint", (rows) => {
      const states = threadsOf(rows).map(({ state }) => state);
      return (
        states.every((state) => state.startsWith("Paused")) &&
        states.includes("Paused on breakpoint")
      );
    });
    await editor.source.untilAt(line);
  }

  /** Wait until a stack has these frames; those of libraries are folded. */
  async function untilFrames(editor: Editor, ...names: readonly string[]): Promise<void> {
    await editor.callStack.until("the frames of the teller", (rows) => {
      const frames = rows.filter(({ kind }) => kind === "frame").map(({ name }) => name);
      return frames.join() === names.join();
    });
  }

  workspace.scenario("values are shown and can be set", async (editor) => {
    const { source, inspection } = editor;
    await attach(editor);
    await editor.unfold("Variables");
    await setBreakpoint(editor, lineAt("balance grows"));
    const isServed = bank.begin("serve 1");
    await stopped(editor, lineAt("balance grows"));
    await inspection.variable("net", "98").waitFor();
    await inspection.set("net", "5000");
    await inspection.variable("net", "5000").waitFor();
    await editor.callStack.unfold(inspection.variable("account"));
    await inspection.variable("owner").filter({ hasText: '"Ada"' }).waitFor();
    await source.pointAt(lineAt("balance grows"), "net");
    await source.hover.getByText("5000").waitFor();
    await editor.shot("breakpoints-values");
    await editor.moveAside();

    await editor.unfold("Watch");
    await inspection.watch("account->balance + net");
    await inspection.watched("account->balance + net", `${1_000 + 5_000}`).waitFor();
    await editor.shot("breakpoints-watched");
    await editor.fold("Watch");
    await removeBreakpoints(editor);
    await editor.toolbar("continue");
    await isServed();
    await bank.order("balance");
    await bank.says("balance 6000");
    await editor.fold("Variables");
  });

  workspace.scenario("a click in the gutter stops who comes there, and steps", async (editor) => {
    const { source } = editor;
    await attach(editor);
    await setBreakpoint(editor, lineAt("fee is due") - 1, lineAt("fee is due"));
    const isServed = bank.begin("serve 3");
    await stopped(editor, lineAt("fee is due"));
    await editor.moveAside();
    await untilFrames(editor, "pay_in", "serve");
    await editor.shot("breakpoints-stopped");
    await editor.toolbar("step-into");
    await source.untilAt(lineAt("fee"));
    await editor.toolbar("step-out");
    await source.untilAt(lineAt("fee is due"));
    await editor.toolbar("step-over");
    await source.untilAt(lineAt("balance grows"));
    await editor.toolbar("step-over");
    await source.untilAt(lineAt("visit"));
    await untilFrames(editor, "pay_in", "serve");
    await editor.shot("breakpoints-stepped");
    await removeBreakpoints(editor);
    await editor.toolbar("continue");
    await isServed();
  });

  workspace.scenario("a condition decides, and a logpoint tells", async (editor) => {
    const { source, inspection } = editor;
    await attach(editor);
    await source.addBreakpoint(lineAt("fee is due"), "Conditional Breakpoint", "amount == 300");
    await source.addBreakpoint(lineAt("visit"), "Logpoint", "{amount} paid in, {net} booked");
    await source.untilDots(
      { line: lineAt("fee is due"), kind: "breakpoint-conditional" },
      { line: lineAt("visit"), kind: "breakpoint-log" },
    );
    await editor.unfold("Breakpoints");
    for (const filter of ["C++: throw", "C++: catch", "Rust: panic", "Go: panic"]) {
      await editor.breakpoint(filter).waitFor();
    }
    await editor.moveAside();
    await editor.shot("breakpoints-listed");
    await editor.fold("Breakpoints");
    const isServed = bank.begin("serve 3");
    await stopped(editor, lineAt("fee is due"));
    await editor.unfold("Variables");
    await inspection.variable("amount", "300").waitFor();
    await editor.fold("Variables");
    await editor.toolbar("continue");
    await isServed();
    await editor.command("Debug Console: Focus on Debug Console View");
    for (const booked of ["100 paid in, 98", "200 paid in, 197", "300 paid in, 296"]) {
      await editor.page.locator(".repl", { hasText: `${booked} booked` }).waitFor();
    }
    await editor.shot("breakpoints-logged");
    await editor.command("View: Hide Panel");
    await removeBreakpoints(editor);
  });

  workspace.scenario("the machine code is shown, and stepped through", async (editor) => {
    const { source, disassembly } = editor;
    await attach(editor);
    await setBreakpoint(editor, lineAt("fee"));
    const isServed = bank.begin("serve 1");
    await stopped(editor, lineAt("fee"));
    await source.chooseInCode(lineAt("fee"), "amount", "Open Disassembly View");
    const before = await disassembly.current();
    await untilFrames(editor, "fee", "pay_in", "serve");
    await editor.shot("breakpoints-disassembly");
    await editor.toolbar("step-over");
    await disassembly.untilCurrent((instruction) => instruction.address > before.address);
    await editor.openFile("bank.c");
    await removeBreakpoints(editor);
    await editor.toolbar("continue");
    await isServed();
  });
});
