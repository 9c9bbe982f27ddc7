import { after, before, describe } from "node:test";
import { threadsOf, type Row } from "../support/callStack.ts";
import type { Program } from "../support/program.ts";
import { Workspace } from "../support/workspace.ts";

const BURST = 1_000;
/** How soon the editor has to show a burst, from the end of the burst. */
const SOON_MS = 2_000;

describe("a crowd of threads", () => {
  const workspace = new Workspace();
  let workshop: Program;

  before(async () => {
    workshop = await workspace.start("workshop");
    workspace.configure({ name: "Attach", request: "attach", processId: workshop.pid });
    await workspace.open();
  });
  after(() => workspace.close());

  workspace.scenario("1,000 threads come at once, and no ghost is left", async (editor) => {
    await editor.press("F5");
    await editor.callStack.untilThreads("all threads", () => workshop.threads());
    const before = workshop.threads();

    await workshop.order(`crowd ${BURST}`);
    await editor.callStack.until(
      "a row for each",
      (rows) => listLength(rows) === before.length + BURST,
      SOON_MS,
    );
    await editor.statusItem(`${before.length + BURST} threads`).waitFor();
    await editor.threadsView.summary.filter({ hasText: `${before.length + BURST}` }).waitFor();
    await editor.shot("crowd");

    await workshop.order("dismiss");
    await editor.callStack.untilThreads("no row of them", () => before);
    await editor.threadsView.summary
      .filter({ hasText: new RegExp(`^${before.length}$`) })
      .waitFor();
    // This one makes the editor ask for the list: if any ghost is there, it would come with it.
    await workshop.order("hire cleaner");
    await editor.callStack.untilThreads("nor afterwards", () => workshop.threads());
    await editor.threadsView.untilThreads("nor here", () => workshop.threads());
  });
});

/** How many threads there are, those included that would only be seen by scrolling. */
function listLength(rows: readonly Row[]): number {
  return threadsOf(rows)[0]?.siblings ?? 0;
}
