import * as path from "node:path";

/** The environment of the server, and so of the programs it launches, from the editor's own. */
export function serverEnvironment(editor: NodeJS.ProcessEnv, home: string): NodeJS.ProcessEnv {
  // What the editor set for itself: ELECTRON_RUN_AS_NODE alone makes any Electron program a Node.
  const inherited = Object.entries(editor).filter(([name]) => !/^(ELECTRON|VSCODE)_/.test(name));
  return { ...Object.fromEntries(inherited), PATH: searchPath(editor.PATH, home) };
}

/** PATH, and where pipx and `pip install --user` put programs even if no login shell added it. */
function searchPath(PATH: string | undefined, home: string): string {
  return [PATH, path.join(home, ".local", "bin")].filter(Boolean).join(path.delimiter);
}
