import { after, before, describe } from "node:test";
import { threadsOf } from "../support/callStack.ts";
import type { Editor } from "../support/editor.ts";
import type { Program } from "../support/program.ts";
import { until } from "../support/waiting.ts";
import { Workspace } from "../support/workspace.ts";

describe("the threads of a program", () => {
  const workspace = new Workspace();
  let workshop: Program;

  before(async () => {
    workshop = await workspace.start("workshop");
    workspace.configure({ name: "Attach", request: "attach", processId: workshop.pid });
    await workspace.open("workshop.c");
  });
  after(() => workspace.close());

  /** F5 takes the one configuration. */
  async function attach(editor: Editor): Promise<void> {
    await editor.press("F5");
    await editor.callStack.untilThreads("all threads", () => workshop.threads());
  }

  workspace.scenario("F5 attaches, and rows come and go with the threads", async (editor) => {
    await attach(editor);
    for (const name of ["acceptor", "reader", "writer"]) {
      await workshop.order(`hire ${name}`);
    }
    await editor.callStack.untilThreads("rows of new threads", () => workshop.threads());
    await workshop.order("fire writer");
    await editor.callStack.untilThreads("the row is gone", () => workshop.threads());
    await editor.callStack.until("all run", (rows) =>
      threadsOf(rows).every(({ state }) => state === "Running"),
    );
    await editor.statusItem(`${workshop.tids().length} threads`).waitFor();
    await editor.threadsView.untilThreads("all of them", () => workshop.threads());
    await editor.shot("threads-live");
  });

  workspace.scenario("a renamed thread gets its new name", async (editor) => {
    await attach(editor);
    await workshop.order("hire apprentice");
    await workshop.order("rename apprentice master");
    await editor.callStack.untilThreads("a young thread's new name", () => workshop.threads());

    await workshop.order("rename clock metronome");
    await until(
      "an old one's new name, read when the editor asks again",
      async () => {
        await workshop.order("hire visitor");
        await workshop.order("fire visitor");
        return editor.callStack.rows();
      },
      (rows) => rows.some(({ name }) => name === workshop.thread("metronome")),
    );
    await editor.threadsView.untilThreads("the new names", () => workshop.threads());
    await editor.statusItem(`${workshop.tids().length} threads`).waitFor();
    await editor.shot("threads-renamed");
    await workshop.order("fire master");
  });

  workspace.scenario("a pause shows source, frames and registers", async (editor) => {
    await workshop.order("hire worker");
    await attach(editor);
    await editor.unfold("Variables");
    const row = editor.callStack.row(workshop.thread("worker"));
    await row.hover();
    await row.locator(".codicon-debug-pause").click();
    await editor.callStack.until("all threads stand still", (rows) =>
      threadsOf(rows).every(({ state }) => state.startsWith("Paused")),
    );
    await editor.callStack.until("a frame of its function", (rows) =>
      rows.some(({ kind, name }) => kind === "frame" && name === "work"),
    );
    await editor.frameShown();
    await editor.inspection.unfoldScope("Registers");
    await editor.inspection.variable("rip").waitFor();
    await editor.threadsView.until("all paused", (rows) =>
      rows.every(({ state }) => state.startsWith("paused")),
    );
    await editor.moveAside();
    await editor.shot("threads-paused");
    await editor.press("F5");
    await editor.callStack.until("all run", (rows) =>
      threadsOf(rows).every(({ state }) => state === "Running"),
    );
    await workshop.beats();
  });
});
