import assert from "node:assert/strict";
import { test } from "node:test";
import { processItem } from "../src/processItem";

const PROCESS = {
  pid: 4711,
  parent: 1,
  name: "postgres",
  commandLine: "/usr/lib/postgresql/bin/postgres -D /data",
  user: "alice",
  threads: 6,
  startTime: 100,
};

test("a row shows name, process id, user, threads and command line", () => {
  assert.deepEqual(processItem(PROCESS), {
    label: "postgres",
    description: "4711 · alice · 6 threads",
    detail: "/usr/lib/postgresql/bin/postgres -D /data",
    process: PROCESS,
  });
});

test("one thread is a thread", () => {
  assert.equal(processItem({ ...PROCESS, threads: 1 }).description, "4711 · alice · 1 thread");
});

test("a command line is text, not icons, and has an end", () => {
  const { detail } = processItem({ ...PROCESS, commandLine: "sh -c echo $(date)" });
  assert.equal(detail, "sh -c echo \\$(date)");
  assert.equal(processItem({ ...PROCESS, commandLine: "x".repeat(9999) }).detail.length, 1000);
});
