import type { Process } from "./processes";

/** A row of the process picker. */
export interface ProcessItem {
  readonly label: string;
  readonly description: string;
  readonly detail: string;
  readonly process: Process;
}

// Some command lines are tens of kilobytes, and the picker searches in all of them at each key.
const MAX_DETAIL = 1_000;

export function processItem(process: Process): ProcessItem {
  const { pid, name, user, threads, commandLine } = process;
  return {
    label: withoutIcons(name),
    description: `${pid} · ${user} · ${threads} ${threads === 1 ? "thread" : "threads"}`,
    detail: withoutIcons(commandLine.slice(0, MAX_DETAIL)),
    process,
  };
}

/** Editors draw `$(name)` as an icon, and `sh -c 'echo $(date)'` is an ordinary command line. */
function withoutIcons(text: string): string {
  return text.replaceAll("$(", "\\$(");
}
