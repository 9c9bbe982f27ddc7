import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { after, before, describe } from "node:test";
import type { Editor } from "../support/editor.ts";
import type { Program } from "../support/program.ts";
import type { Bar } from "../support/timeline.ts";
import { until } from "../support/waiting.ts";
import { Workspace } from "../support/workspace.ts";

describe("the timeline", () => {
  const workspace = new Workspace();
  let workshop: Program;

  before(async () => {
    workshop = await workspace.start("workshop");
    workspace.configure({ name: "Attach", request: "attach", processId: workshop.pid });
    await workspace.open();
  });
  after(() => workspace.close());

  /** Attach and open the timeline; then a guest comes, and goes when it has been seen. */
  async function watchGuest(editor: Editor): Promise<string> {
    await editor.press("F5");
    await editor.callStack.untilThreads("all threads", () => workshop.threads());
    await editor.command("dapserver: Show Thread Timeline");
    await untilBars(editor, "alive", workshop.tids().length);
    await workshop.order("hire guest");
    const guest = workshop.thread("guest");
    // A thread that ends before its new name was read keeps that of its birth.
    await editor.callStack.untilThreads("the guest by its name", () => workshop.threads());
    await untilBars(editor, "alive", workshop.tids().length);
    await workshop.order("fire guest");
    await untilBars(editor, "ended", 1);
    return guest;
  }

  workspace.scenario("a bar for each thread, and a closer look", async (editor) => {
    const { timeline } = editor;
    const guest = await watchGuest(editor);
    // The picture of a session that is over stands still.
    await editor.endSessions();
    const [whole] = await untilBars(editor, "ended", 1);
    await timeline.pointAt(whole);
    await until(
      "whose bar it is",
      () => timeline.status(),
      (text) => text.startsWith(`${guest}: created at `) && text.includes(", ended at "),
    );
    await editor.shot("timeline");

    await timeline.dragOver(whole, whole.width / 2);
    // From a half before it to a half after it: now it is half of what is shown.
    await untilBars(editor, "ended", 1, ({ width }) => width > 300);
    await editor.shot("timeline-closer");
    await timeline.button("Show All").click();
    await untilBars(editor, "ended", 1, ({ width }) => width <= whole.width);
  });

  workspace.scenario("its export is a trace of the whole session", async (editor) => {
    const guest = await watchGuest(editor);
    const all = [...workshop.threads(), guest];
    await editor.timeline.button("Export as Trace").click();
    const name = await editor.acceptFile(".json");
    await editor.notification(`Saved ${name}`).waitFor();
    const bars = threadsOfTrace(path.join(workspace.folder, name));
    assert.deepEqual(bars.sort(), all.sort());
    await editor.shot("timeline-exported");
  });

  async function untilBars(
    editor: Editor,
    which: "alive" | "ended",
    count: number,
    each: (bar: Bar) => boolean = () => true,
  ): Promise<[Bar]> {
    return (await until(
      `${count} bars of threads: ${which}`,
      () => editor.timeline.bars(which),
      (bars) => bars.length === count && bars.every(each),
    )) as [Bar];
  }
});

/** `name [tid]` of the threads that have a bar in a Chrome Trace Event file. */
function threadsOfTrace(file: string): string[] {
  const { traceEvents } = JSON.parse(readFileSync(file, "utf8")) as { traceEvents: TraceEvent[] };
  const bars = traceEvents.filter(
    ({ ph, cat, dur = 0 }) => ph === "X" && cat === "thread" && dur > 0,
  );
  return bars.map(({ name, tid }) => `${name} [${tid}]`);
}

interface TraceEvent {
  readonly ph: string;
  readonly cat?: string;
  readonly name: string;
  readonly tid: number;
  readonly dur?: number;
}
