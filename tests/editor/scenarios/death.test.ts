import { existsSync } from "node:fs";
import { after, before, describe } from "node:test";
import { parentOf } from "../support/process.ts";
import type { Program } from "../support/program.ts";
import { until } from "../support/waiting.ts";
import { Workspace } from "../support/workspace.ts";

describe("a killed extension host", () => {
  const workspace = new Workspace();
  let workshop: Program;

  before(async () => {
    workshop = await workspace.start("workshop");
    workspace.configure({ name: "Attach", request: "attach", processId: workshop.pid });
    await workspace.open();
  });
  after(() => workspace.close());

  workspace.scenario("leaves no server, and the program runs on", async (editor) => {
    await editor.press("F5");
    await editor.callStack.untilThreads("all threads", () => workshop.threads());
    const session = workshop.tracer;
    const server = parentOf(session);
    process.kill(parentOf(server), "SIGKILL");
    await until(
      "server and session have ended",
      () => [server, session].filter((pid) => existsSync(`/proc/${pid}`)),
      (pids) => pids.length === 0,
    );
    await workshop.untraced();
    await workshop.beats();
    await editor.threadsView.header.waitFor({ state: "hidden" });
    await editor.shot("death");
  });
});
