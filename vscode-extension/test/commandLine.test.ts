import assert from "node:assert/strict";
import { test } from "node:test";
import { commandWords } from "../src/commandLine";

const words = (setting: string | string[]) => commandWords(setting, "/home/alice");

test("a string is split at spaces outside quotes", () => {
  assert.deepEqual(words("dapserver"), ["dapserver"]);
  assert.deepEqual(words("  python3  -m dapserver "), ["python3", "-m", "dapserver"]);
  assert.deepEqual(words(`"/opt/my tools/python" '-m' ""`), ["/opt/my tools/python", "-m", ""]);
  assert.deepEqual(words(" "), []);
});

test("an array is taken as it is", () => {
  assert.deepEqual(words(["/opt/my tools/dapserver", "a b"]), ["/opt/my tools/dapserver", "a b"]);
});

test("a leading ~/ is the home directory", () => {
  assert.deepEqual(words("~/bin/dapserver --x=~/y"), ["/home/alice/bin/dapserver", "--x=~/y"]);
  assert.deepEqual(words(["~/bin/dapserver", "~"]), ["/home/alice/bin/dapserver", "~"]);
});
