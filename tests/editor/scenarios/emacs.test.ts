import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { after, before, describe, test } from "node:test";
import { Lines } from "../support/lines.ts";
import { PROGRAMS, PYTHON } from "../support/places.ts";
import { cpuSeconds } from "../support/process.ts";
import type { Program } from "../support/program.ts";
import { until } from "../support/waiting.ts";
import { Workspace } from "../support/workspace.ts";

const BURST = 1_000;
/** Emacs parses a list of a thousand threads for each of a thousand events, twice. */
const PATIENCE_MS = 120_000;
/** The server's processor time for it, of that of Emacs: it must not be the one that is slow. */
const SERVERS_SHARE = 0.5;

describe("Emacs dap-mode", () => {
  const workspace = new Workspace();
  let workshop: Program;

  before(async () => {
    workshop = await workspace.start("workshop");
  });
  after(() => workspace.close());

  test("Emacs has the right list after 1,000 threads came and went", async (context) => {
    const emacs = spawn(
      "emacs",
      ["-q", "--batch", "-l", path.join(PROGRAMS, "dap-mode.el"), String(workshop.pid)].concat([
        PYTHON,
        "-m",
        "dapserver",
      ]),
      { env: { ...process.env, HOME: workspace.folder }, stdio: ["ignore", "ignore", "pipe"] },
    );
    const lines = new Lines(emacs.stderr);
    const listed = () =>
      until(
        "Emacs lists the threads that there are",
        () => `threads ${workshop.threads().sort().join(", ")}`,
        (line) => lines.all.includes(line),
        PATIENCE_MS,
      );
    try {
      await listed();
      const used = () => ({ server: cpuSeconds(childOf(emacs.pid)), emacs: cpuSeconds(emacs.pid) });
      const atFirst = used();
      await workshop.order(`crowd ${BURST}`);
      await listed();
      await workshop.order("dismiss");
      // Not one that takes a name: dap-mode does not ask again when it hears of that.
      await workshop.order("crowd 1");
      await listed();
      const inTheEnd = used();
      const server = inTheEnd.server - atFirst.server;
      const client = inTheEnd.emacs - atFirst.emacs;
      const figures = `server ${server.toFixed(2)} s, Emacs ${client.toFixed(2)} s`;
      context.diagnostic(`processor time: ${figures}`);
      assert.ok(server < SERVERS_SHARE * client, figures);
    } finally {
      emacs.kill();
    }
    await workshop.untraced();
    await workshop.beats();
  });
});

function childOf(pid: number | undefined): number {
  return Number(readFileSync(`/proc/${pid ?? 0}/task/${pid ?? 0}/children`, "utf8"));
}
