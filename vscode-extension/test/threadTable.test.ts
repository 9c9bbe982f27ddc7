import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import type { EndedThread, ThreadDetails, ThreadDetailsBody } from "../src/customRequests";
import { LINGER, ThreadTable, type ThreadRow } from "../src/threadTable";

const SECOND = 1_000_000;

function thread(id: number, more: Partial<ThreadDetails> = {}): ThreadDetails {
  const state = { state: "sleeping", waitingFor: "futex", cpuTime: 0, processor: 0 } as const;
  return { id, name: `worker-${id}`, ...state, startTime: 0, ...more };
}

function answer(
  time: number,
  threads: readonly ThreadDetails[],
  recentlyExited: readonly EndedThread[] = [],
): ThreadDetailsBody {
  return { time, started: threads.length, exited: recentlyExited.length, threads, recentlyExited };
}

function ended(id: number, startTime: number, endTime: number): EndedThread {
  return { id, name: `worker-${id}`, startTime, endTime };
}

let table: ThreadTable;
const states = () => table.rows.map(({ id, state }: ThreadRow) => `${id} ${state}`);

beforeEach(() => {
  table = new ThreadTable();
});

describe("a thread that lives", () => {
  test("shows what the last answer says", () => {
    table.update(answer(SECOND, [thread(1)]));
    table.update(answer(3 * SECOND, [thread(1, { name: "renamed", state: "paused" })]));
    const [row] = table.rows;
    assert.equal(row?.name, "renamed");
    assert.equal(row.state, "paused");
    assert.equal(row.age, 3 * SECOND);
  });

  test("keeps its row", () => {
    table.update(answer(SECOND, [thread(1)]));
    const [row] = table.rows;
    table.update(answer(2 * SECOND, [thread(1, { startTime: 3 })]));
    assert.equal(table.rows[0], row);
  });

  test("has the CPU share of the time between two answers", () => {
    table.update(answer(SECOND, [thread(1, { cpuTime: SECOND })]));
    assert.equal(table.rows[0]?.cpu, undefined);
    table.update(answer(3 * SECOND, [thread(1, { cpuTime: 2 * SECOND })]));
    assert.equal(table.rows[0]?.cpu, 50);
  });
});

describe("a thread that ended", () => {
  test("stays for a while", () => {
    table.update(answer(SECOND, [thread(1), thread(2)]));
    const [row] = table.rows;
    table.update(answer(2 * SECOND, [thread(2)], [ended(1, 0, 1.5 * SECOND)]));
    assert.deepEqual(states(), ["2 sleeping", "1 ended"]);
    assert.equal(table.rows[1], row);
    assert.equal(row?.age, 1.5 * SECOND);
    table.update(answer(2 * SECOND + LINGER, [thread(2)], [ended(1, 0, 1.5 * SECOND)]));
    assert.deepEqual(states(), ["2 sleeping"]);
  });

  test("has one row, also if the answer knows its start less well", () => {
    table.update(answer(SECOND, [thread(1)]));
    const ending = ended(1, 0.9 * SECOND, 1.5 * SECOND);
    table.update(answer(2 * SECOND, [], [ending]));
    table.update(answer(3 * SECOND, [], [ending]));
    assert.deepEqual(states(), ["1 ended"]);
  });

  test("is shown although no answer showed it alive", () => {
    table.update(answer(SECOND, []));
    table.update(answer(2 * SECOND, [], [ended(1, 1.2 * SECOND, 1.3 * SECOND)]));
    table.update(answer(3 * SECOND, [], [ended(1, 1.2 * SECOND, 1.3 * SECOND)]));
    assert.deepEqual(states(), ["1 ended"]);
  });

  test("is not shown if it did so long before the first answer", () => {
    table.update(answer(2 * LINGER, [], [ended(1, 0, SECOND)]));
    assert.deepEqual(states(), []);
  });

  test("ended now if the answer does not tell when", () => {
    table.update(answer(SECOND, [thread(1)]));
    table.update(answer(2 * SECOND, []));
    assert.equal(table.rows[0]?.age, 2 * SECOND);
  });
});

test("an id that is used again is another thread", () => {
  table.update(answer(SECOND, [thread(1)]));
  const [row] = table.rows;
  table.update(
    answer(
      2 * SECOND,
      [thread(1, { startTime: 1.9 * SECOND })],
      [ended(1, 1.6 * SECOND, 1.7 * SECOND), ended(1, 0, 1.5 * SECOND)],
    ),
  );
  assert.deepEqual(states(), ["1 sleeping", "1 ended", "1 ended"]);
  assert.equal(row?.age, 1.5 * SECOND);
  assert.equal(new Set(table.rows.map(({ key }) => key)).size, 3);
});
