import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, test } from "node:test";
import { listProcesses } from "../src/processes";
import { until } from "./waiting";

describe("the real /proc", { timeout: 60_000 }, () => {
  test("shows a child with its name, command line, user and threads", async (t) => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "dapserver-test-"));
    const program = path.join(directory, "a (b) c) d");
    fs.copyFileSync("/bin/sleep", program);
    const child = spawn(program, ["1000"], { stdio: "ignore" });
    t.after(() => {
      child.kill("SIGKILL");
      fs.rmSync(directory, { recursive: true });
    });
    await once(child, "spawn");
    const { startTime, ...found } = await processWithPid(child.pid);
    assert.deepEqual(found, {
      pid: child.pid,
      parent: process.pid,
      name: "a (b) c) d",
      commandLine: `${program} 1000`,
      user: os.userInfo().username,
      threads: 1,
    });
    assert.ok(startTime > 0);
  });

  test("shows how many threads a process has", async () => {
    // Node may start a thread at any time, but ends none.
    const count = () => fs.readdirSync("/proc/self/task").length;
    const before = count();
    const { threads } = await processWithPid(process.pid);
    assert.ok(before > 1 && before <= threads && threads <= count());
  });

  test("shows no zombie", async (t) => {
    const parent = spawn("sh", ["-c", 'sleep 1000 & echo "$!"; exec sleep 1000']);
    t.after(() => parent.kill("SIGKILL"));
    const [zombie] = (await once(createInterface({ input: parent.stdout }), "line")) as [string];
    // The shell would reap its child; the sleep that replaces it never does.
    await until(() => stat(parent.pid).includes("(sleep)"));
    process.kill(Number(zombie), "SIGKILL");
    await until(() => stat(zombie).includes(") Z "));
    const pids = (await listProcesses()).map(({ pid }) => pid);
    assert.ok(!pids.includes(Number(zombie)));
  });

  test("is read while processes come and go", async () => {
    const storm = Array.from({ length: 20 }, () => once(spawn("true"), "exit"));
    for (let round = 0; round < 5; round++) await processWithPid(process.pid);
    await Promise.all(storm);
  });

  const stat = (pid: number | string | undefined) =>
    fs.readFileSync(`/proc/${String(pid)}/stat`, "utf8");

  async function processWithPid(pid: number | undefined) {
    const found = (await listProcesses()).find((process) => process.pid === pid);
    assert.ok(found !== undefined, `no process ${String(pid)}`);
    return found;
  }
});

describe("a made /proc", () => {
  let proc: string;
  let passwd: string;

  beforeEach(() => {
    proc = fs.mkdtempSync(path.join(os.tmpdir(), "dapserver-test-"));
    passwd = path.join(proc, "passwd");
    fs.writeFileSync(passwd, "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n");
  });
  afterEach(() => {
    fs.rmSync(proc, { recursive: true });
  });

  test("is listed newest first, what started at once by process id", async () => {
    add(10, { start: 100 });
    add(11, { start: 300 });
    add(12, { start: 200 });
    add(13, { start: 300 });
    assert.deepEqual(await pids(), [13, 11, 12, 10]);
  });

  test("has entries that are no processes", async () => {
    add(10);
    for (const name of ["self", "10x", "sys"]) fs.mkdirSync(path.join(proc, name));
    assert.deepEqual(await pids(), [10]);
  });

  test("has names with spaces, parentheses and control characters", async () => {
    add(10, { name: "tmux: server" });
    add(11, { name: ") R 1 (" });
    add(12, { name: "(sd-pam)" });
    add(13, { name: "a\nb\tc" });
    const names = (await list()).map(({ name }) => name);
    assert.deepEqual(names, ["a b c", "(sd-pam)", ") R 1 (", "tmux: server"]);
  });

  test("has command lines with spaces, line ends and filled up with NULs", async () => {
    add(10, { cmdline: "sh\0-c\0a\nb c\0" });
    add(11, { cmdline: "postgres: writer\0\0\0\0" });
    add(12, { cmdline: "" });
    const lines = (await list()).map(({ commandLine }) => commandLine);
    assert.deepEqual(lines, ["", "postgres: writer", "sh -c a b c"]);
  });

  test("shows the effective user, by number if it has no name", async () => {
    add(10, { uids: "0\t1000\t0\t0" });
    add(11, { uids: "4242\t4242\t4242\t4242" });
    assert.deepEqual(
      (await list()).map(({ user }) => user),
      ["4242", "alice"],
    );
    fs.rmSync(passwd);
    assert.equal((await list())[1]?.user, "1000");
  });

  test("hides kernel threads by their flag, whatever their parent and name", async () => {
    add(10, { flags: 0x0020_8040, parent: 2, name: "kworker/0:1" });
    add(11, { flags: 0x0040_0000, parent: 2 });
    assert.deepEqual(await pids(), [11]);
  });

  test("hides zombies, but not a process whose first thread ended before the others", async () => {
    add(10, { state: "Z", threads: 1 });
    add(11, { state: "Z", threads: 3 });
    assert.deepEqual(await pids(), [11]);
  });

  test("has processes that vanish at any point of being read", async () => {
    add(10);
    fs.mkdirSync(path.join(proc, "11"));
    add(12);
    fs.rmSync(path.join(proc, "12", "status"));
    add(13);
    fs.writeFileSync(path.join(proc, "13", "stat"), "");
    add(14);
    fs.writeFileSync(path.join(proc, "14", "stat"), "14 (cut");
    add(15);
    fs.rmSync(path.join(proc, "15", "cmdline"));
    assert.deepEqual(await pids(), [15, 10]);
  });

  test("has files that cannot be read", async () => {
    // Directories stand for them: no file is unreadable to root.
    for (const [pid, file] of Object.entries({ 11: "stat", 12: "status", 13: "cmdline" })) {
      add(Number(pid));
      fs.rmSync(path.join(proc, pid, file));
      fs.mkdirSync(path.join(proc, pid, file));
    }
    add(10);
    assert.deepEqual(await pids(), [13, 10]);
  });

  test("has many more processes than are read at once", async () => {
    for (let pid = 1; pid <= 500; pid++) add(pid);
    assert.equal((await list()).length, 500);
  });

  const list = () => listProcesses(proc, passwd);
  const pids = async () => (await list()).map(({ pid }) => pid);

  function add(pid: number, fields: Partial<typeof ORDINARY> = {}): void {
    const { name, state, parent, flags, threads, start, cmdline, uids } = {
      ...ORDINARY,
      ...fields,
    };
    const directory = path.join(proc, String(pid));
    fs.mkdirSync(directory);
    const write = (file: string, text: string) => {
      fs.writeFileSync(path.join(directory, file), text);
    };
    // proc_pid_stat(5); the zeros are fields that nobody reads.
    const head = `${pid} (${name}) ${state} ${parent} 1 1 0 -1 ${flags}`;
    write("stat", `${head} 0 0 0 0 0 0 0 0 20 0 ${threads} 0 ${start} 0 0\n`);
    write("status", `Name:\tx\nUmask:\t0022\nUid:\t${uids}\nGid:\t0\t0\t0\t0\n`);
    write("cmdline", cmdline);
  }
});

const ORDINARY = {
  name: "program",
  state: "S",
  parent: 1,
  flags: 0x0040_0000,
  threads: 1,
  start: 100,
  cmdline: "/usr/bin/program\0",
  uids: "1000\t1000\t1000\t1000",
};
