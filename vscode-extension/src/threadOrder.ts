import type { ThreadRow } from "./threadTable";

/** How the Threads view may be sorted, with what the user reads. */
export const ORDERS = {
  age: "Age, oldest first",
  name: "Name",
  cpu: "CPU, busiest first",
} as const;

export type Order = keyof typeof ORDERS;

// Digits count as numbers: worker-9 comes before worker-10.
const { compare } = new Intl.Collator("en", { numeric: true });

const COMPARE: Readonly<Record<Order, (a: ThreadRow, b: ThreadRow) => number>> = {
  age: byAge,
  name: (a, b) => compare(a.name, b.name) || byAge(a, b),
  cpu: (a, b) => (b.cpu ?? 0) - (a.cpu ?? 0) || byAge(a, b),
};

/** The rows whose name, id, state or system call holds each word of `filter`, in order. */
export function arrange(rows: readonly ThreadRow[], filter: string, order: Order): ThreadRow[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const matching = words.length === 0 ? [...rows] : rows.filter((row) => matches(row, words));
  return matching.sort(COMPARE[order]);
}

function matches({ id, name, state, waitingFor = "" }: ThreadRow, words: string[]): boolean {
  const text = `${name} ${id} ${state} ${waitingFor}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** Threads born within one tick of the kernel's clock have the same age: then in order of coming. */
function byAge(a: ThreadRow, b: ThreadRow): number {
  return a.startTime - b.startTime || a.key - b.key;
}
