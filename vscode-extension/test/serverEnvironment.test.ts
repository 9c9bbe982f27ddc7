import assert from "node:assert/strict";
import { test } from "node:test";
import { serverEnvironment } from "../src/serverEnvironment";

test("the server is searched where pipx and pip put it too, after the PATH", () => {
  const path = (PATH?: string) =>
    serverEnvironment(PATH === undefined ? {} : { PATH }, "/home/alice").PATH;
  assert.equal(path("/usr/bin:/bin"), "/usr/bin:/bin:/home/alice/.local/bin");
  assert.equal(path(), "/home/alice/.local/bin");
  assert.equal(path(""), "/home/alice/.local/bin");
});

test("launched programs do not get what the editor set for itself", () => {
  const editor = { LANG: "C", ELECTRON_RUN_AS_NODE: "1", VSCODE_PID: "1", MY_VSCODE_X: "1" };
  const { PATH, ...rest } = serverEnvironment(editor, "/home/alice");
  assert.ok(PATH !== undefined);
  assert.deepEqual(rest, { LANG: "C", MY_VSCODE_X: "1" });
});
