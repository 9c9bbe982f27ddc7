import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, test } from "node:test";
import { ServerStartError } from "../src/serverErrors";
import { WarmServer } from "../src/warmServer";
import { fakeServer, isAlive, serverPid, session } from "./fakeServer";
import { Lines } from "./waiting";

let log: Lines;
let server: WarmServer;

beforeEach(() => {
  log = new Lines();
  server = new WarmServer(log.add);
});
afterEach(() => server.stop());

describe("a server that starts", { timeout: 60_000 }, () => {
  test("listens in a directory that only its user can enter", async () => {
    const socket = await server.socket(fakeServer("serve"));
    assert.equal(fs.statSync(path.dirname(socket)).mode & 0o777, 0o700);
    assert.deepEqual(server.pids, [await serverPid(socket)]);
  });

  test("is shared by sessions that begin at the same time and later", async () => {
    const command = fakeServer("serve");
    const early = await Promise.all([1, 2, 3].map(() => server.socket(command)));
    const late = await server.socket(command);
    assert.equal(new Set([...early, late]).size, 1);
    assert.equal(server.pids.length, 1);
  });

  test("reports what it says on stderr", async () => {
    const socket = await server.socket(fakeServer("serve"));
    assert.ok(log.lines.includes(`dapserver: listening on ${socket}`));
  });

  test("is told its socket after the arguments of the command", async () => {
    const socket = await server.socket(fakeServer("serve", "--log", "/dev/null"));
    assert.match(log.lines[0] ?? "", new RegExp(`--log /dev/null --socket ${socket}$`));
  });

  test("gets a short socket path even under a long temporary directory", async (t) => {
    const long = fs.mkdtempSync("/tmp/dapserver-test-".padEnd(100, "x"));
    t.after(() => {
      fs.rmdirSync(long);
      setEnvironment(old);
    });
    const { XDG_RUNTIME_DIR, TMPDIR } = process.env;
    const old = { XDG_RUNTIME_DIR, TMPDIR };
    setEnvironment({ XDG_RUNTIME_DIR: long, TMPDIR: "/nonexistent" });
    const socket = await server.socket(fakeServer("serve"));
    assert.equal(path.dirname(path.dirname(socket)), "/tmp");
  });
});

describe("a new server is started", { timeout: 60_000 }, () => {
  test("when the old one died, whose directory goes", async () => {
    const command = fakeServer("serve");
    const old = await server.socket(command);
    const { connection, pid } = await session(old);
    connection.on("error", () => undefined).write("die");
    await log.find(/the server ended: status 3/);
    assert.equal(fs.existsSync(path.dirname(old)), false);
    assert.notEqual(await serverPid(await server.socket(command)), pid);
  });

  test("when somebody removed its socket", async () => {
    const command = fakeServer("serve");
    const old = await server.socket(command);
    fs.rmSync(old);
    const anew = await server.socket(command);
    assert.notEqual(anew, old);
    await serverPid(anew);
  });

  test("when the settings changed, while the old one keeps its sessions", async () => {
    const { connection, pid } = await session(await server.socket(fakeServer("serve")));
    const anew = await serverPid(await server.socket(fakeServer("serve", "--log", "/dev/null")));
    assert.notEqual(anew, pid);
    assert.ok(isAlive(pid));
    await server.stop();
    assert.ok(!isAlive(pid) && !isAlive(anew));
    connection.destroy();
  });

  test("after one that could not start", async () => {
    await assert.rejects(server.socket(fakeServer("broken")));
    await serverPid(await server.socket(fakeServer("serve")));
  });

  test("after a stop, even one that is still going on", async () => {
    const command = fakeServer("serve");
    const old = await serverPid(await server.socket(command));
    const [, socket] = await Promise.all([server.stop(), server.socket(command)]);
    assert.notEqual(await serverPid(socket), old);
  });
});

describe("a server that does not start", { timeout: 60_000 }, () => {
  test("is not installed: no such program", async () => {
    const error = await startError(["dapserver-that-nobody-has"]);
    assert.match(error.message, /not installed: the program dapserver-that-nobody-has was not/);
    assert.match(
      error.message,
      /"pipx install \." or "pip install \." in a copy of its repository/,
    );
    assert.match(error.message, /dapserver\.command/);
    assert.equal(error.notInstalled, true);
  });

  test("is not installed: Python has no such module", async () => {
    const error = await startError(fakeServer("missing"));
    assert.match(error.message, /not installed: .*No module named dapserver\. Install/);
    assert.equal(error.notInstalled, true);
  });

  test("may not be run", async () => {
    const error = await startError(["/etc/passwd"]);
    assert.match(error.message, /\/etc\/passwd cannot be run: .*EACCES/);
    assert.equal(error.notInstalled, false);
  });

  test("ends early: its status and its last line are told", async () => {
    const error = await startError(fakeServer("broken"));
    assert.match(error.message, /ended with status 2 .*unrecognized arguments: --socket$/);
    assert.equal(error.notInstalled, false);
  });

  test("never says that it listens, and is ended", async () => {
    server = new WarmServer(log.add, 300);
    const error = await startError(fakeServer("silent"));
    assert.match(error.message, /did not say that it listens within 0\.3 s/);
    await log.find(/the server ended: SIGTERM/);
    assert.deepEqual(server.pids, []);
  });

  test("has an empty command", async () => {
    assert.match((await startError([])).message, /dapserver\.command is empty/);
  });

  test("leaves no directory", async () => {
    await startError(fakeServer("broken"));
    await startError(["dapserver-that-nobody-has"]);
    const sockets = log.lines.flatMap((line) => /--socket (\S+)$/.exec(line)?.[1] ?? []);
    assert.equal(sockets.length, 2);
    for (const socket of sockets) assert.equal(fs.existsSync(path.dirname(socket)), false);
  });

  async function startError(command: string[]): Promise<ServerStartError> {
    const error: unknown = await server.socket(command).catch((reason: unknown) => reason);
    assert.ok(error instanceof ServerStartError, String(error));
    return error;
  }
});

describe("no server is left behind", { timeout: 60_000 }, () => {
  test("by a stop", async () => {
    const socket = await server.socket(fakeServer("serve"));
    const pid = await serverPid(socket);
    await server.stop();
    assert.ok(!isAlive(pid));
    assert.equal(fs.existsSync(path.dirname(socket)), false);
  });

  test("by a stop during its start", async () => {
    const start = assert.rejects(server.socket(fakeServer("silent")), /ended by SIGTERM/);
    await server.stop();
    await start;
    assert.deepEqual(server.pids, []);
  });

  test("by a stop that it ignores", async () => {
    const pid = await serverPid(await server.socket(fakeServer("stubborn")));
    await server.stop();
    assert.ok(!isAlive(pid));
    await log.find(/the server ended: SIGKILL/);
  });

  test("by an extension host that ends without deactivating", async (t) => {
    const script = path.join(__dirname, "hostThatCrashes.ts");
    const host = spawn(process.execPath, ["--import", "tsx", script], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    t.after(() => host.kill("SIGKILL"));
    const [socket] = (await once(createInterface({ input: host.stdout }), "line")) as [string];
    const { connection } = await session(socket);
    const hungUp = once(connection, "close");
    host.stdin.end();
    await Promise.all([hungUp, once(host, "exit")]);
    assert.equal(fs.existsSync(path.dirname(socket)), false);
  });
});

function setEnvironment(values: NodeJS.Dict<string>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  }
}
