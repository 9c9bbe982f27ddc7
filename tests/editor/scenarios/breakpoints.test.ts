import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { attachTo, BANK, lineAt, openBank } from "../support/bank.ts";
import type { Editor } from "../support/editor.ts";
import type { Program } from "../support/program.ts";
import { Workspace } from "../support/workspace.ts";

describe("breakpoints", () => {
  const workspace = new Workspace();
  let bank: Program;

  before(async () => {
    bank = await openBank(workspace);
  });
  after(() => workspace.close());

  async function stopped(editor: Editor, line: number): Promise<void> {
    await editor.callStack.untilStopped("Paused on breakpoint");
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
    await attachTo(bank, editor);
    await editor.unfold("Variables");
    await source.setBreakpoint(lineAt("balance grows"));
    await bank.untilBreakpoints(1);
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
    await editor.removeBreakpoints();
    await editor.toolbar("continue");
    await isServed();
    assert.equal(await bank.answer("balance"), "balance 6000");
    await editor.fold("Variables");
  });

  workspace.scenario("a click in the gutter stops who comes there, and steps", async (editor) => {
    const { source } = editor;
    await attachTo(bank, editor);
    await source.setBreakpoint(lineAt("fee is due") - 1, lineAt("fee is due"));
    await bank.untilBreakpoints(1);
    const isServed = bank.begin("serve 3");
    await stopped(editor, lineAt("fee is due"));
    await editor.moveAside();
    await untilFrames(editor, "pay_in", "serve");
    await editor.shot("breakpoints-stopped");
    await editor.toolbar("step-into");
    await source.untilAt(lineAt("fee"));
    await editor.toolbar("step-out");
    await source.untilAt(lineAt("fee is due"));
    await editor.unfold("Variables");
    await editor.inspection.variable("Return value of fee", "2").waitFor();
    await editor.moveAside();
    await editor.shot("breakpoints-returned");
    await editor.fold("Variables");
    await editor.toolbar("step-over");
    await source.untilAt(lineAt("balance grows"));
    await editor.toolbar("step-over");
    await source.untilAt(lineAt("visit"));
    await untilFrames(editor, "pay_in", "serve");
    await editor.shot("breakpoints-stepped");
    await editor.removeBreakpoints();
    await editor.toolbar("continue");
    await isServed();
  });

  workspace.scenario("a jump to another line leaves out what lies between", async (editor) => {
    const { source } = editor;
    await attachTo(bank, editor);
    const before = await bank.answer("balance");
    await source.setBreakpoint(lineAt("balance grows"));
    await bank.untilBreakpoints(1);
    const isServed = bank.begin("serve 1");
    await stopped(editor, lineAt("balance grows"));
    await source.chooseInCode(lineAt("visit"), "visits", "Jump to Cursor");
    await source.untilAt(lineAt("visit"));
    await editor.removeBreakpoints();
    await editor.toolbar("continue");
    await isServed();
    assert.equal(await bank.answer("balance"), before);
  });

  workspace.scenario("a condition decides, and a logpoint tells", async (editor) => {
    const { source, inspection } = editor;
    await attachTo(bank, editor);
    await source.addBreakpoint(lineAt("fee is due"), "Conditional Breakpoint", "amount == 300");
    await source.addBreakpoint(lineAt("visit"), "Logpoint", "{amount} paid in, {net} booked");
    await source.untilDots(
      { line: lineAt("fee is due"), kind: "breakpoint-conditional" },
      { line: lineAt("visit"), kind: "breakpoint-log" },
    );
    await editor.unfold("Breakpoints");
    for (const filter of ["C++: throw", "C++: catch", "Rust: panic", "Go: panic"]) {
      await editor.breakpoints.row(filter).waitFor();
    }
    await editor.moveAside();
    await editor.shot("breakpoints-listed");
    await editor.fold("Breakpoints");
    await bank.untilBreakpoints(2);
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
    await editor.threadsView.untilPaused(false);
    await editor.shot("breakpoints-logged");
    await editor.command("View: Hide Panel");
    await editor.removeBreakpoints();
  });

  workspace.scenario("the machine code is shown, and stepped through", async (editor) => {
    const { source, disassembly } = editor;
    await attachTo(bank, editor);
    await source.setBreakpoint(lineAt("fee"));
    await bank.untilBreakpoints(1);
    const isServed = bank.begin("serve 1");
    await stopped(editor, lineAt("fee"));
    await source.chooseInCode(lineAt("fee"), "amount", "Open Disassembly View");
    const before = await disassembly.current();
    await untilFrames(editor, "fee", "pay_in", "serve");
    await editor.shot("breakpoints-disassembly");
    await editor.toolbar("step-over");
    await disassembly.untilCurrent((instruction) => instruction.address > before.address);
    await editor.openFile(BANK);
    await editor.removeBreakpoints();
    await editor.toolbar("continue");
    await isServed();
  });
});
