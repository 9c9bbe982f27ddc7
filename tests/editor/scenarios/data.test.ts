import { after, before, describe } from "node:test";
import { attachTo, lineAt, openBank } from "../support/bank.ts";
import { threadsOf } from "../support/callStack.ts";
import type { Program } from "../support/program.ts";
import { Workspace } from "../support/workspace.ts";

describe("data", () => {
  const workspace = new Workspace();
  let bank: Program;

  before(async () => {
    bank = await openBank(workspace);
  });
  after(() => workspace.close());

  workspace.scenario("a change of a value stops the thread that makes it", async (editor) => {
    const { source, callStack, inspection } = editor;
    await attachTo(bank, editor);
    await source.setBreakpoint(lineAt("fee is due"));
    await bank.untilBreakpoints(1);
    const isServed = bank.begin("serve 2");
    await callStack.untilStopped("Paused on breakpoint");
    await editor.unfold("Variables");
    await callStack.unfold(inspection.variable("account"));
    await inspection.choose("balance", "Break on Value Change");
    await source.clickGutter(lineAt("fee is due"));
    await source.untilDots();
    await editor.unfold("Breakpoints");
    await editor.breakpoints.row("balance").waitFor();

    // Two customers: 98 come in, and then 197.
    for (const balance of ["1098", "1295"]) {
      await editor.toolbar("continue");
      await inspection.variable("balance", balance).waitFor();
      await callStack.untilStopped("Paused on data breakpoint");
      await source.untilAt(lineAt("visit"));
    }
    await editor.moveAside();
    await editor.threadsView.untilPaused();
    await editor.shot("data-changed");
    await editor.removeBreakpoints();
    await editor.fold("Breakpoints");
    await editor.fold("Variables");
    await editor.toolbar("continue");
    await isServed();
  });

  workspace.scenario("a signal that answers to a condition stops", async (editor) => {
    const { callStack, breakpoints } = editor;
    await attachTo(bank, editor);
    await editor.unfold("Breakpoints");
    await breakpoints.stopAt("Signals", "SIGWINCH");
    // Requests are served in turn: when it goes on, the signal has been asked for.
    await editor.toolbar("pause");
    await callStack.until("all stand still", (rows) =>
      threadsOf(rows).every(({ state }) => state.startsWith("Paused")),
    );
    await editor.toolbar("continue");
    await callStack.until("all run", (rows) =>
      threadsOf(rows).every(({ state }) => state === "Running"),
    );
    process.kill(bank.pid, "SIGWINCH");
    await callStack.untilStopped("SIGWINCH: Window changed");
    await editor.moveAside();
    await editor.shot("data-signalled");
    await editor.toolbar("continue");
    await bank.order("balance");
    await editor.fold("Breakpoints");
  });
});
