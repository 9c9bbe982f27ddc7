import { spawn, type ChildProcessByStdio } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { isDeepStrictEqual } from "node:util";
import { serverEnvironment } from "./serverEnvironment";
import { cannotRun, endedEarly, noCommand, tooSlow } from "./serverErrors";

export type Log = (line: string) => void;

// An extension host has 5 s for everything when it shuts down.
const STOP_GRACE_MS = 3_000;
const SOCKET_NAME = "dap.sock";
// sun_path in unix(7) is 108 bytes with its final NUL.
const MAX_SOCKET_PATH = 107;

/** One `dapserver --socket`, listening in a private directory that goes when it ends. */
export class ServerProcess {
  /** The socket's path once the server accepts; rejects with ServerStartError. */
  readonly listening: Promise<string>;
  /** Resolves when the process has ended or could not be started. */
  readonly ended: Promise<void>;

  readonly #command: readonly string[];
  readonly #directory: string;
  readonly #child: ChildProcessByStdio<null, null, Readable>;
  #state: "starting" | "listening" | "stopping" | "ended" = "starting";

  /** Start `command` (program and arguments). Times in milliseconds. */
  constructor(command: readonly string[], log: Log, startTimeout: number) {
    const [program, ...args] = command;
    if (program === undefined) throw noCommand();
    this.#command = command;
    this.#directory = privateDirectory();
    log(`starting ${command.join(" ")} --socket ${this.#socket}`);
    this.#child = spawn(program, [...args, "--socket", this.#socket], {
      // Not the workspace: `python -m` would import modules from there.
      cwd: "/",
      env: serverEnvironment(process.env, os.homedir()),
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.ended = this.#watchEnd(log);
    this.listening = this.#watchStart(program, log, startTimeout);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether a session that wants `command` can be given to this process. */
  serves(command: readonly string[]): boolean {
    if (!isDeepStrictEqual(command, this.#command)) return false;
    // Cleaners of temporary directories, and a logout, remove sockets that are in use.
    return this.#state === "listening" ? fs.existsSync(this.#socket) : this.#state === "starting";
  }

  /** End the process: SIGTERM, on which it detaches from everything, then SIGKILL. */
  async stop(): Promise<void> {
    if (this.#state === "ended") return;
    this.#state = "stopping";
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_GRACE_MS);
    await this.ended;
    clearTimeout(timer);
  }

  get #socket(): string {
    return path.join(this.#directory, SOCKET_NAME);
  }

  #watchEnd(log: Log): Promise<void> {
    // An extension host that ends without `deactivate` leaves no server behind.
    const leave = () => {
      this.#child.kill("SIGTERM");
      this.#removeDirectory();
    };
    process.once("exit", leave);
    return new Promise((resolve) => {
      const end = (message: string) => {
        log(message);
        this.#state = "ended";
        process.off("exit", leave);
        this.#removeDirectory();
        resolve();
      };
      this.#child.once("exit", (code, signal) => {
        end(`the server ended: ${signal ?? `status ${String(code)}`}`);
      });
      this.#child.on("error", (error) => {
        // The event also tells of a signal that could not be sent to a living process.
        if (this.#child.pid === undefined) end(error.message);
        else log(error.message);
      });
    });
  }

  #watchStart(program: string, log: Log, timeout: number): Promise<string> {
    const stderr: string[] = [];
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(tooSlow(this.#command, timeout));
        void this.stop();
      }, timeout);
      createInterface({ input: this.#child.stderr }).on("line", (line) => {
        log(line);
        if (this.#state !== "starting") return;
        stderr.push(line);
        if (line !== `dapserver: listening on ${this.#socket}`) return;
        clearTimeout(timer);
        this.#state = "listening";
        resolve(this.#socket);
      });
      this.#child.once("error", (cause) => {
        clearTimeout(timer);
        reject(cannotRun(program, cause));
      });
      // Not "exit": only "close" comes after the last line of stderr.
      this.#child.once("close", (code, signal) => {
        clearTimeout(timer);
        reject(endedEarly(this.#command, code ?? signal, stderr));
      });
    });
  }

  #removeDirectory(): void {
    fs.rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Make a directory of mode 0700 (mkdtemp(3)) in which a socket's path is not too long. */
function privateDirectory(): string {
  const parents = [process.env.XDG_RUNTIME_DIR, os.tmpdir(), "/tmp"].filter(
    (parent): parent is string => Boolean(parent),
  );
  let failure: unknown;
  for (const parent of parents) {
    const prefix = path.join(parent, "dapserver-");
    if (Buffer.byteLength(`${prefix}XXXXXX/${SOCKET_NAME}`) > MAX_SOCKET_PATH) continue;
    try {
      return fs.mkdtempSync(prefix);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
