export const INSTALL_COMMAND = "pipx install .";

/** The server did not start; the message is for the user to read. */
export class ServerStartError extends Error {
  override readonly name = "ServerStartError";

  constructor(
    message: string,
    /** Whether installing dapserver is the remedy. */
    readonly notInstalled = false,
  ) {
    super(message);
  }
}

export function unsupportedPlatform(platform: string): ServerStartError {
  return new ServerStartError(
    `dapserver debugs Linux processes, and this extension runs on ${platform}. ` +
      "Open the folder over SSH, in WSL or in a container on Linux.",
  );
}

export function noCommand(): ServerStartError {
  return new ServerStartError("The setting dapserver.command is empty: it names no program.");
}

/** The operating system refused to run the program: `spawn`'s error. */
export function cannotRun(program: string, cause: NodeJS.ErrnoException): ServerStartError {
  return cause.code === "ENOENT"
    ? notInstalled(`the program ${program} was not found`)
    : new ServerStartError(`The debug server ${program} cannot be run: ${cause.message}.`);
}

/** The program ended before it listened; `end` is its exit status or its signal. */
export function endedEarly(
  command: readonly string[],
  end: number | string | null,
  stderr: readonly string[],
): ServerStartError {
  // What Python says of a missing package, with or without a traceback around it.
  const missing = stderr.find((line) => line.includes("No module named"));
  if (missing !== undefined) return notInstalled(missing.trim());
  const last = stderr.at(-1)?.trim() ?? "it said nothing";
  const how = typeof end === "number" ? `with status ${end}` : `by ${String(end)}`;
  return new ServerStartError(
    `The debug server (${command.join(" ")}) ended ${how} before it was ready: ${last}`,
  );
}

export function tooSlow(command: readonly string[], milliseconds: number): ServerStartError {
  return new ServerStartError(
    `The debug server (${command.join(" ")}) did not say that it listens ` +
      `within ${milliseconds / 1000} s. Is it dapserver?`,
  );
}

function notInstalled(reason: string): ServerStartError {
  return new ServerStartError(
    `The debug server is not installed: ${reason}. ` +
      `Install it with "${INSTALL_COMMAND}" or "pip install ." in a copy of its repository; ` +
      "if it is installed elsewhere, say where in the setting dapserver.command.",
    true,
  );
}
