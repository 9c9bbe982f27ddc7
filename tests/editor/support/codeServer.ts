import { spawn, type ChildProcessByStdio } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import type { Readable } from "node:stream";
import { Lines } from "./lines.ts";
import { CODE_SERVER, EXTENSIONS, PYTHON } from "./places.ts";
import { until } from "./waiting.ts";

/** Nothing in the way of the debug view, and nothing that reaches out of this machine. */
const USER_SETTINGS = {
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.enableExperiments": false,
  "window.menuBarVisibility": "classic",
  "security.workspace.trust.enabled": false,
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "extensions.autoUpdate": false,
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "chat.disableAIFeatures": true,
  "chat.commandCenter.enabled": false,
  "git.enabled": false,
  "remote.autoForwardPorts": false,
  "debug.openDebug": "openOnSessionStart",
  "debug.internalConsoleOptions": "neverOpen",
  "debug.toolBarLocation": "docked",
};

const MACHINE_SETTINGS = { "dapserver.command": [PYTHON, "-m", "dapserver"] };

/** VS Code, served on loopback, with settings of its own. */
export class CodeServer {
  readonly #home = mkdtempSync(path.join(tmpdir(), "editor-test-home-"));
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #output: Lines;

  static async start(): Promise<CodeServer> {
    const server = new CodeServer();
    await until("code-server listens", () => server.#address(), Boolean);
    return server;
  }

  private constructor() {
    this.#writeSettings("User", USER_SETTINGS);
    this.#writeSettings("Machine", MACHINE_SETTINGS);
    const options = [
      ["--auth", "none"],
      ["--bind-addr", "127.0.0.1:0"],
      ["--config", path.join(this.#home, "config.yaml")],
      ["--user-data-dir", this.#home],
      ["--extensions-dir", EXTENSIONS],
      // A closed window's extension host ends soon, and with it the debug server.
      ["--reconnection-grace-time", "1"],
      ["--disable-telemetry", "--disable-update-check", "--disable-workspace-trust"],
      ["--disable-getting-started-override"],
    ];
    this.#child = spawn(process.execPath, [CODE_SERVER, ...options.flat()], {
      env: { ...process.env, XDG_CACHE_HOME: this.#home, XDG_DATA_HOME: this.#home },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#output = new Lines(this.#child.stdout, this.#child.stderr);
  }

  /** The page that shows a folder. */
  url(folder: string): string {
    return `${this.#address() ?? ""}?folder=${encodeURIComponent(folder)}`;
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGTERM");
    await ended;
    rmSync(this.#home, { recursive: true, force: true });
  }

  #address(): string | undefined {
    return this.#output.all
      .map((line) => /server listening on (http:\/\/\S+)/.exec(line)?.[1])
      .find((address) => address !== undefined);
  }

  #writeSettings(scope: string, settings: object): void {
    mkdirSync(path.join(this.#home, scope));
    writeFileSync(path.join(this.#home, scope, "settings.json"), JSON.stringify(settings));
  }
}
