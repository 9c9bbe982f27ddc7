import { after, before, describe } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { threadsOf } from "../support/callStack.ts";
import type { Editor } from "../support/editor.ts";
import type { Program } from "../support/program.ts";
import { Workspace } from "../support/workspace.ts";

describe("the Threads view", () => {
  const workspace = new Workspace();
  let workshop: Program;

  before(async () => {
    workshop = await workspace.start("workshop");
    workspace.configure({
      name: "Attach",
      request: "attach",
      processId: workshop.pid,
      nonStop: true,
    });
    for (const name of ["acceptor", "reader-1", "reader-2", "writer"]) {
      await workshop.order(`hire ${name}`);
    }
    await workspace.open("workshop.c");
  });
  after(() => workspace.close());

  async function attach(editor: Editor): Promise<void> {
    await editor.press("F5");
    await editor.callStack.untilThreads("all threads", () => workshop.threads());
    await editor.threadsView.untilThreads("all threads", () => workshop.threads());
  }

  /** Do something while one thread after the other comes and goes. */
  async function whileGuestsCome(body: () => Promise<void>): Promise<void> {
    const evening = new AbortController();
    const guests = (async () => {
      while (!evening.signal.aborted) {
        await workshop.order("hire guest");
        await workshop.order("fire guest");
      }
    })();
    try {
      await body();
    } finally {
      evening.abort();
      await guests;
    }
  }

  workspace.scenario("its filter leaves the threads that match", async (editor) => {
    const { threadsView } = editor;
    const readers = () => ["reader-1", "reader-2"].map((name) => workshop.thread(name));
    await attach(editor);
    await threadsView.press("Filter Threads");
    await editor.quickInput.fill("reader futex");
    await editor.press("Enter");
    await threadsView.untilThreads("the two that match both words", readers);
    await threadsView.summary.filter({ hasText: "filter: reader futex" }).waitFor();
    await editor.shot("view-filtered");
    await threadsView.press("Clear Thread Filter");
    await threadsView.untilThreads("all again", () => workshop.threads());
  });

  workspace.scenario("one thread is paused and continued by its menu", async (editor) => {
    const { threadsView } = editor;
    const reader = workshop.thread("reader-1");
    await attach(editor);
    await threadsView.choose(reader, "Pause Thread");
    await threadsView.until("it alone is paused", (rows) => {
      const paused = rows.filter(({ state }) => state.startsWith("paused"));
      return isDeepStrictEqual(namesOf(paused), ["reader-1"]);
    });
    await editor.callStack.until("it alone, in the Call Stack too", (rows) => {
      const paused = threadsOf(rows).filter(({ state }) => state.startsWith("Paused"));
      return isDeepStrictEqual(namesOf(paused), [reader]);
    });
    await editor.frameShown();
    await workshop.beats();
    await editor.shot("view-one-paused");
    await threadsView.choose(reader, "Continue Thread");
    await threadsView.until("none is paused", (rows) =>
      rows.every(({ state }) => !state.startsWith("paused")),
    );
    await editor.callStack.until("all run", (rows) =>
      threadsOf(rows).every(({ state }) => state === "Running"),
    );
  });

  workspace.scenario("a thread's menu copies its id", async (editor) => {
    await attach(editor);
    const writer = workshop.thread("writer");
    await editor.threadsView.choose(writer, "Copy Thread Id");
    await editor.copied(idOf(writer));
  });

  workspace.scenario("the menus work while threads come and go", async (editor) => {
    await attach(editor);
    await whileGuestsCome(async () => {
      for (let i = 0; i < 15; i++) {
        for (const name of ["reader-1", "reader-2"]) {
          const thread = workshop.thread(name);
          await editor.threadsView.choose(thread, "Copy Thread Id");
          await editor.copied(idOf(thread));
        }
      }
    });
  });

  workspace.scenario("the status bar counts the threads and leads to the view", async (editor) => {
    await attach(editor);
    const item = editor.statusItem(`${workshop.tids().length} threads`);
    await item.waitFor();
    await workshop.order("hire visitor");
    await editor.statusItem(`${workshop.tids().length} threads`).waitFor();
    await workshop.order("fire visitor");
    await item.waitFor();
    await editor.fold("Threads");
    await editor.threadsView.until("no rows", (rows) => rows.length === 0);
    await editor.shot("view-folded");
    await item.click();
    await editor.threadsView.untilThreads("all threads", () => workshop.threads());
    const count = new RegExp(`^${workshop.tids().length}$`);
    await editor.threadsView.summary.filter({ hasText: count }).waitFor();
  });
});

function namesOf(rows: readonly { readonly name: string }[]): string[] {
  return rows.map(({ name }) => name);
}

/** The id in a thread's full name, `name [tid]`. */
function idOf(thread: string): RegExp {
  return new RegExp(`^${/\[(\d+)\]/.exec(thread)?.[1] ?? ""}$`);
}
