/** A launch.json entry on its way to the server; nothing in it can be trusted to have its type. */
export type Arguments = Record<string, unknown>;

const PICK_PROCESS = "${command:pickProcess}";

/** The entry for starting without a launch.json. */
const ATTACH_TO_PICKED = {
  type: "dapserver",
  request: "attach",
  name: "dapserver: attach to a process",
  processId: PICK_PROCESS,
};

/** Fill in what an entry leaves open, before its variables are replaced. */
export function complete(entry: Arguments, folder: string | undefined): Arguments {
  const isEmpty = entry.type === undefined && entry.request === undefined;
  if (isEmpty) return ATTACH_TO_PICKED;
  return entry.request === "launch" ? completeLaunch(entry, folder) : completeAttach(entry);
}

/** Give a process id as a number, whether it was picked, a variable or written in quotes. */
export function withNumericProcessId(entry: Arguments): Arguments {
  const { processId } = entry;
  return typeof processId === "string" && /^\s*\d+\s*$/.test(processId)
    ? { ...entry, processId: Number(processId) }
    : entry;
}

/** Whether the entry names a server that runs already: the editor connects to it by itself. */
export function hasOwnServer(entry: Arguments): boolean {
  return entry.debugServer !== undefined;
}

function completeAttach({ pid, ...entry }: Arguments): Arguments {
  const processId = entry.processId ?? pid;
  if (processId !== undefined) return { ...entry, processId };
  // Our list holds the processes here, not those beside another server.
  const mayPick = entry.waitFor !== true && !hasOwnServer(entry);
  return mayPick ? { ...entry, processId: PICK_PROCESS } : entry;
}

/** The server runs outside the workspace, so the program would too. */
function completeLaunch(entry: Arguments, folder: string | undefined): Arguments {
  return folder === undefined || hasOwnServer(entry) ? entry : { cwd: folder, ...entry };
}
