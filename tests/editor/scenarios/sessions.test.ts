import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { threadsOf, type Row } from "../support/callStack.ts";
import type { Program } from "../support/program.ts";
import { Workspace } from "../support/workspace.ts";

/** No other program on this machine has this name. */
const FOUNDRY = `foundry${process.pid}`;

describe("sessions", () => {
  const workspace = new Workspace();
  let workshop: Program;
  let foundry: Program;

  before(async () => {
    workshop = await workspace.start("workshop");
    foundry = await workspace.start(FOUNDRY);
    workspace.configure(
      { name: "Workshop", request: "attach", processId: workshop.pid },
      { name: "Foundry", request: "attach", processId: foundry.pid },
    );
    await workspace.open();
  });
  after(() => workspace.close());

  workspace.scenario("a process is found by a part of its name", async (editor) => {
    await editor.command("dapserver: Attach to Process...");
    await editor.quickInput.fill(FOUNDRY.slice("foun".length));
    await editor.firstEntry(FOUNDRY).waitFor();
    await editor.shot("sessions-picker");
    await editor.press("Enter");
    await editor.callStack.untilThreads("its threads", () => foundry.threads());
  });

  workspace.scenario("two sessions run side by side", async (editor) => {
    const all = () => [...workshop.threads(), ...foundry.threads()];
    // The editor would start the second one twice if it had not begun with the first.
    await editor.start("Workshop");
    await editor.callStack.untilThreads("the threads of one", () => workshop.threads());
    await editor.start("Foundry");
    for (const name of ["Workshop", "Foundry"]) {
      await editor.callStack.unfold(editor.callStack.session(name));
    }
    await editor.callStack.untilThreads("the threads of both", all);
    await foundry.order("hire smelter");
    await workshop.order("hire joiner");
    await editor.callStack.untilThreads("a new thread in each", all);

    const row = editor.callStack.row(foundry.thread("smelter"));
    await row.hover();
    await row.locator(".codicon-debug-pause").click();
    const ofFoundry = ({ name }: Row) => foundry.threads().includes(name);
    await editor.callStack.until("only the foundry stands still", (rows) =>
      threadsOf(rows).every((thread) => ofFoundry(thread) === thread.state.startsWith("Paused")),
    );
    await editor.frameShown();
    await editor.callStack.until("its frames", (rows) =>
      rows.some(({ kind, name }) => kind === "frame" && name === "work"),
    );
    await editor.threadsView.untilThreads("those of the one that is looked at", () =>
      foundry.threads(),
    );
    await editor.threadsView.summary.filter({ hasText: `${foundry.tids().length}` }).waitFor();
    await editor.moveAside();
    assert.deepEqual(await editor.notification().allTextContents(), []);
    await editor.shot("sessions-two");
    await workshop.beats();
  });

  workspace.scenario("Shift+F5 leaves the program running", async (editor) => {
    await editor.start("Workshop");
    await editor.callStack.untilThreads("its threads", () => workshop.threads());
    await editor.press("Shift+F5");
    await editor.callStack.until("no session", (rows) => rows.length === 0);
    await workshop.untraced();
    await workshop.beats();
    assert.deepEqual(await editor.notification().allTextContents(), []);
    await editor.shot("sessions-left");
  });
});
