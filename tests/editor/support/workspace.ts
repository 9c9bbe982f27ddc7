import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import { Editor } from "./editor.ts";
import { PROGRAMS } from "./places.ts";
import { Program } from "./program.ts";

/** An entry of launch.json, but for its type. */
export interface Configuration {
  readonly name: string;
  readonly request: "attach" | "launch";
  readonly [argument: string]: unknown;
}

interface Closable {
  close(): Promise<void>;
}

/** A folder with a C program and a launch.json, and the window on it; all gone when it is closed. */
export class Workspace {
  readonly #parent = mkdtempSync(path.join(tmpdir(), "editor-test-"));
  readonly folder = path.join(this.#parent, "village");
  readonly #kept: Closable[] = [];
  #editor: Editor | undefined;

  constructor() {
    mkdirSync(path.join(this.folder, ".vscode"), { recursive: true });
  }

  /** Start a program of `programs/` under a name of its own. */
  async start(name: string, source = "workshop.c"): Promise<Program> {
    return this.keep(await Program.start(this.compile(name, source)));
  }

  /** Have a process or a client ended with the workspace. */
  keep<Kept extends Closable>(kept: Kept): Kept {
    this.#kept.unshift(kept);
    return kept;
  }

  /** The path of an executable of this name. */
  compile(name: string, source = "workshop.c"): string {
    const copy = path.join(this.folder, source);
    const executable = path.join(this.folder, name);
    copyFileSync(path.join(PROGRAMS, source), copy);
    execFileSync("cc", ["-g", "-O0", "-pthread", "-o", executable, copy]);
    return executable;
  }

  /** Write launch.json, before the editor opens the folder: it reads a later change in its own time. */
  configure(...configurations: readonly Configuration[]): void {
    const entries = configurations.map((entry) => ({ type: "dapserver", ...entry }));
    this.#write("launch.json", { version: "0.2.0", configurations: entries });
  }

  /** Settings of this folder; before the editor opens it. */
  set settings(settings: object) {
    this.#write("settings.json", settings);
  }

  /** Open the window, and a file in it. */
  async open(file?: string): Promise<void> {
    this.#editor = await Editor.open(this.folder);
    if (file !== undefined) await this.#editor.openFile(file);
  }

  /** A test in the window, which is free of sessions afterwards. A failure leaves a picture. */
  scenario(name: string, body: (editor: Editor) => Promise<void>): void {
    test(name, async () => {
      const editor = this.#editor;
      if (editor === undefined) throw new Error("there is no window");
      try {
        await body(editor);
      } catch (error) {
        await editor.shot(`failed ${name}`.replaceAll(/[^\w]+/g, "-"));
        throw error;
      } finally {
        await editor.endSessions();
      }
    });
  }

  async close(): Promise<void> {
    await this.#editor?.close();
    for (const kept of this.#kept) await kept.close();
    rmSync(this.#parent, { recursive: true, force: true });
  }

  #write(file: string, content: object): void {
    const text = JSON.stringify(content, undefined, 2);
    writeFileSync(path.join(this.folder, ".vscode", file), text);
  }
}
