import { spawn } from "node:child_process";
import { after, before, describe } from "node:test";
import { threadsOf } from "../support/callStack.ts";
import { processesOf } from "../support/process.ts";
import type { Program } from "../support/program.ts";
import { until } from "../support/waiting.ts";
import { Workspace } from "../support/workspace.ts";

describe("starting", () => {
  const workspace = new Workspace();
  let workshop: Program;
  let mill: string;

  before(async () => {
    workshop = await workspace.start("workshop");
    mill = workspace.compile("mill");
    workspace.configure(
      { name: "Launch", request: "launch", program: mill, args: ["miller", "baker"] },
      { name: "Attach", request: "attach", processId: workshop.pid },
    );
    await workspace.open();
  });
  after(() => workspace.close());

  workspace.scenario("a launched program shows its threads and its output", async (editor) => {
    await editor.press("F5");
    await editor.callStack.until("its threads", (rows) => {
      const names = threadsOf(rows).map(({ name }) => name.replace(/ \[\d+\]$/, ""));
      return names.sort().join() === "baker,clock,mill,miller";
    });
    await editor.command("Debug Console: Focus on Debug Console View");
    await editor.page.locator(".repl", { hasText: "beat" }).waitFor();
    await editor.threadsView.until("its threads", (rows) => rows.length === 4);
    await editor.shot("starting-launched");
    await editor.press("Shift+F5");
    await until(
      "it ends with its session",
      () => processesOf(mill),
      (pids) => pids.length === 0,
    );
  });

  workspace.scenario("a refusal names the cause and the remedy", async (editor) => {
    const other = spawn("strace", ["-f", "-o", "/dev/null", "-p", String(workshop.pid)], {
      stdio: "ignore",
    });
    try {
      await workshop.tracedBy(other.pid);
      await editor.start("Attach");
      const tracer = `process ${other.pid ?? 0} (strace)`;
      await editor.dialog(`is being traced already, by ${tracer}`).waitFor();
      const copy = editor.button("Copy Command");
      await copy.waitFor();
      await editor.shot("starting-refused");
      await editor.press("Escape");
      await copy.click();
      await editor.copied(new RegExp(`^kill ${other.pid ?? 0}$`));
    } finally {
      other.kill();
    }
    await workshop.untraced();
    await workshop.beats();
  });
});
