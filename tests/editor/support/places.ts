import * as path from "node:path";

/** What tests/editor/run says of the tree and of this machine. */
function given(name: string): string {
  const value = process.env[name];
  if (value === undefined)
    throw new Error(`${name} is not set: start the tests by tests/editor/run`);
  return value;
}

export const CACHE = given("EDITOR_CACHE");
export const PYTHON = given("EDITOR_PYTHON");
export const CHROMIUM = given("EDITOR_CHROMIUM");
export const EXTENSIONS = path.join(CACHE, "extensions");
export const SHOTS = path.join(CACHE, "shots");
/** What tests/editor/install-real has put there. */
export const REAL = path.join(CACHE, "real");
export const CODE_SERVER = path.join(CACHE, "node_modules", "code-server");
export const PROGRAMS = path.join(import.meta.dirname, "..", "programs");
