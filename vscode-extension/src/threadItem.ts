import type { ThreadRow } from "./threadTable";

/** What a row of the Threads view shows. */
export interface ThreadItem {
  readonly label: string;
  readonly description: string;
  /** For screen readers. */
  readonly spoken: string;
  readonly icon: string;
  readonly iconColor: string | undefined;
  /** For the `when` of menu entries. */
  readonly context: string;
}

type Look = readonly [icon: string, color?: string];

const LOOKS: Readonly<Record<ThreadRow["state"], Look>> = {
  running: ["circle-filled", "charts.green"],
  sleeping: ["circle-outline"],
  blocked: ["watch", "charts.orange"],
  paused: ["debug-pause", "charts.blue"],
  stopped: ["debug-stop", "charts.red"],
  ending: ["circle-slash", "disabledForeground"],
  ended: ["circle-slash", "disabledForeground"],
};

export function threadItem({ id, name, state, waitingFor, cpu, age }: ThreadRow): ThreadItem {
  const [icon, iconColor] = LOOKS[state];
  const shownState = waitingFor === undefined ? state : `${state} (${waitingFor})`;
  const spokenState = waitingFor === undefined ? state : `${state} in ${waitingFor}`;
  const [share, old] = [cpu === undefined ? "" : `${cpu}%`, duration(age)];
  return {
    label: name,
    description: [`${id}`, shownState, share, old].filter(Boolean).join("  "),
    spoken: [name, `thread ${id}`, spokenState, share && `CPU ${share}`, `age ${old}`]
      .filter(Boolean)
      .join(", "),
    icon,
    iconColor,
    context: `thread.${state}`,
  };
}

// Each ends where the next begins. In steps, so that a thread that sleeps for long seldom changes.
const UNITS = [
  { unit: "s", seconds: 1, step: 1, until: 10 },
  { unit: "s", seconds: 1, step: 10, until: 60 },
  { unit: "min", seconds: 60, step: 1, until: 3_600 },
  { unit: "h", seconds: 3_600, step: 1, until: 86_400 },
  { unit: "d", seconds: 86_400, step: 1, until: Infinity },
] as const;

/** A time in microseconds, in two or three characters and a unit. */
export function duration(microseconds: number): string {
  const total = Math.max(0, microseconds / 1e6);
  if (total < 1) return `${Math.round(total * 1000)}ms`;
  const { unit, seconds, step } = UNITS.find(({ until }) => total < until) ?? UNITS[4];
  return `${Math.floor(total / seconds / step) * step}${unit}`;
}
