/** Words that begin a command line in the server's messages. */
const COMMANDS =
  "apt|apt-get|ausearch|chmod|docker|journalctl|kill|kubectl|nsenter|pip|pipx|podman|ps|setcap|sudo|sysctl|systemctl";
const QUOTED = new RegExp(`'((?:${COMMANDS}) [^']+)'|"((?:${COMMANDS}) [^"]+)"`, "g");

/** The command lines that a message quotes, each once. */
export function quotedCommands(message: string): string[] {
  const found = [...message.matchAll(QUOTED)].flatMap(
    ([, single, double]) => single ?? double ?? [],
  );
  return [...new Set(found)];
}

/** The label of a button that copies one of them. */
export function copyLabel(command: string, all: readonly string[]): string {
  return all.length === 1 ? "Copy Command" : `Copy "${command}"`;
}

/** A response of the adapter, as far as it is looked at here. */
export interface Response {
  readonly success?: boolean;
  readonly command?: string;
  readonly message?: string;
  readonly body?: {
    readonly error?: {
      readonly format?: string;
      readonly variables?: Readonly<Record<string, string>>;
    };
  };
}

/** Why a session could not begin, if that is what the response says. */
export function refusal({ success, command, message, body }: Response): string | undefined {
  if (success !== false || (command !== "attach" && command !== "launch")) return undefined;
  const { format, variables = {} } = body?.error ?? {};
  return format?.replace(/{(\w+)}/g, (whole, name: string) => variables[name] ?? whole) ?? message;
}
