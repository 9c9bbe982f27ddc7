import * as path from "node:path";
import { after, before, describe } from "node:test";
import { PROGRAMS, PYTHON } from "../support/places.ts";
import type { Program } from "../support/program.ts";
import { Workspace } from "../support/workspace.ts";

const IS_ROOT = process.getuid?.() === 0;
/** Of root in any case. */
const INIT = 1;

describe("users", () => {
  const workspace = new Workspace();
  let workshop: Program;

  before(async () => {
    workshop = await workspace.start("workshop");
    const processId = IS_ROOT ? workshop.pid : INIT;
    workspace.configure({ name: "Attach", request: "attach", processId });
    if (IS_ROOT) {
      const asNobody = path.join(PROGRAMS, "as-nobody");
      workspace.settings = { "dapserver.command": [asNobody, PYTHON, "-m", "dapserver"] };
    }
    await workspace.open();
  });
  after(() => workspace.close());

  workspace.scenario("another user's process is refused, with a remedy", async (editor) => {
    await editor.press("F5");
    await editor.dialog("it belongs to user root").waitFor();
    const copy = editor.button('Copy "sudo dapserver');
    await copy.waitFor();
    await editor.shot("users-refused");
    await editor.press("Escape");
    await copy.click();
    await editor.copied(/^sudo dapserver /);
    await workshop.untraced();
    await workshop.beats();
  });
});
