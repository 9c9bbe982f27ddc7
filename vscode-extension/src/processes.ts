import { readFile, readdir } from "node:fs/promises";

/** A process that one can attach to, as /proc shows it. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** The kernel's name of it, at most 15 bytes: `comm`. */
  readonly name: string;
  /** Empty if the process has no memory of its own any more, or hides it. */
  readonly commandLine: string;
  readonly user: string;
  readonly threads: number;
  /** Clock ticks between boot and its start. */
  readonly startTime: number;
}

// PF_KTHREAD of the kernel's include/linux/sched.h, in the flags of /proc/PID/stat.
const KERNEL_THREAD = 0x0020_0000;
// Enough to keep the thread pool busy; all at once would run out of file descriptors.
const READERS = 16;

/** All processes but kernel threads and zombies, newest first. */
export async function listProcesses(
  proc = "/proc",
  passwd = "/etc/passwd",
): Promise<readonly Process[]> {
  const [users, entries] = await Promise.all([userNames(passwd), readdir(proc)]);
  const pids = entries.filter((entry) => /^\d+$/.test(entry)).values();
  const found: Process[] = [];
  const reader = async () => {
    for (const pid of pids) {
      const process = await readProcess(`${proc}/${pid}`, users);
      if (process !== undefined) found.push(process);
    }
  };
  await Promise.all(Array.from({ length: READERS }, reader));
  return found.sort((a, b) => b.startTime - a.startTime || b.pid - a.pid);
}

async function readProcess(
  directory: string,
  users: ReadonlyMap<string, string>,
): Promise<Process | undefined> {
  const [stat, status, commandLine] = await Promise.all(
    ["stat", "status", "cmdline"].map((file) => readOrNothing(`${directory}/${file}`)),
  );
  const facts = parseStat(stat ?? "");
  const uid = effectiveUid(status ?? "");
  if (facts === undefined || uid === undefined) return undefined;
  const { state, flags, ...process } = facts;
  // A leader that ended while its threads go on is a zombie too, and can be attached to.
  const zombie = state === "Z" && process.threads <= 1;
  if (zombie || (flags & KERNEL_THREAD) !== 0) return undefined;
  return { ...process, commandLine: words(commandLine ?? ""), user: users.get(uid) ?? uid };
}

/** A process may go at any moment, and /proc may be mounted so that others' files are unreadable. */
async function readOrNothing(file: string): Promise<string> {
  return readFile(file, "utf8").catch(() => "");
}

/** The fields of proc_pid_stat(5); the name may hold spaces and parentheses, so its end is the last one. */
function parseStat(stat: string) {
  const [open, close] = [stat.indexOf("("), stat.lastIndexOf(")")];
  const fields = stat.slice(close + 2).split(" ");
  const field = (number: number) => Number(fields[number - 3]);
  if (open < 0 || close < open || Number.isNaN(field(22))) return undefined;
  return {
    pid: Number(stat.slice(0, open)),
    name: printable(stat.slice(open + 1, close)),
    state: fields[0],
    parent: field(4),
    flags: field(9),
    threads: field(20),
    startTime: field(22),
  };
}

/** From status, since a process that is not dumpable has its directory owned by root. */
function effectiveUid(status: string): string | undefined {
  return /^Uid:\t\d+\t(\d+)/m.exec(status)?.[1];
}

/** Arguments end in NUL; a program that sets its title fills the rest with more of them. */
function words(commandLine: string): string {
  return printable(commandLine.replace(/\0+$/, ""));
}

function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, " ");
}

async function userNames(passwd: string): Promise<ReadonlyMap<string, string>> {
  const lines = (await readOrNothing(passwd)).split("\n");
  return new Map(
    lines.flatMap((line) => {
      const [name, , uid] = line.split(":");
      return name !== undefined && uid !== undefined ? [[uid, name]] : [];
    }),
  );
}
