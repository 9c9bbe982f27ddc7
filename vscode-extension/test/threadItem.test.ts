import assert from "node:assert/strict";
import { test } from "node:test";
import { duration, threadItem } from "../src/threadItem";
import type { ThreadRow } from "../src/threadTable";
import { changes } from "../src/treeChanges";

const ROW: ThreadRow = {
  key: 0,
  id: 4711,
  startTime: 0,
  name: "worker-3",
  state: "sleeping",
  waitingFor: "futex",
  cpu: 12,
  age: 95_000_000,
};

test("a row shows id, state, system call, CPU share and age", () => {
  const { label, description, spoken, context } = threadItem(ROW);
  assert.equal(label, "worker-3");
  assert.equal(description, "4711  sleeping (futex)  12%  1min");
  assert.equal(spoken, "worker-3, thread 4711, sleeping in futex, CPU 12%, age 1min");
  assert.equal(context, "thread.sleeping");
});

test("what is not known is left out", () => {
  const ended = threadItem({ ...ROW, state: "ended", waitingFor: undefined, cpu: undefined });
  assert.equal(ended.description, "4711  ended  1min");
  assert.equal(ended.iconColor, "disabledForeground");
});

test("ages are short, and those of old threads seldom change", () => {
  const ages = [0, 0.25, 1, 9.9, 10, 19.9, 59, 60, 3599, 3600, 86_399, 86_400, 1e6];
  assert.deepEqual(
    ages.map((seconds) => duration(seconds * 1e6)),
    ["0ms", "250ms", "1s", "9s", "10s", "10s", "50s", "1min", "59min", "1h", "23h", "1d", "11d"],
  );
});

test("only rows that look different are drawn anew, unless one came, went or moved", () => {
  const [a, b] = [threadItem(ROW), threadItem({ ...ROW, name: "other" })];
  const busier = threadItem({ ...ROW, cpu: 99 });
  const before = new Map([
    ["a", a],
    ["b", b],
  ]);
  const after = (...items: [string, typeof a][]) => changes(before, new Map(items));
  assert.deepEqual(after(["a", { ...a }], ["b", b]), []);
  assert.deepEqual(after(["a", busier], ["b", b]), ["a"]);
  assert.equal(after(["b", b], ["a", a]), "all");
  assert.equal(after(["a", a]), "all");
  assert.equal(after(["a", a], ["c", b]), "all");
  assert.equal(after(["a", a], ["b", b], ["c", b]), "all");
});
