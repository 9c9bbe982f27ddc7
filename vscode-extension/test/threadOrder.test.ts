import assert from "node:assert/strict";
import { test } from "node:test";
import { arrange, type Order } from "../src/threadOrder";
import type { ThreadRow } from "../src/threadTable";

function row(key: number, name: string, more: Partial<ThreadRow> = {}): ThreadRow {
  const state = { state: "sleeping", waitingFor: "futex", cpu: 0, age: 0 } as const;
  return { key, id: 100 + key, startTime: 0, name, ...state, ...more };
}

const ROWS = [
  row(0, "worker-10", { startTime: 30, cpu: 5 }),
  row(1, "worker-9", { startTime: 20, cpu: undefined }),
  row(2, "Main", { startTime: 10, cpu: 80, state: "running", waitingFor: undefined }),
  row(3, "worker-9", { startTime: 20, cpu: 5, waitingFor: "epoll_wait" }),
];

const orders: [Order, number[]][] = [
  ["age", [2, 1, 3, 0]],
  ["name", [2, 1, 3, 0]],
  ["cpu", [2, 3, 0, 1]],
];
for (const [order, keys] of orders) {
  test(`sorted by ${order}`, () => {
    assert.deepEqual(shown("", order), keys);
  });
}

const filters: [string, number[]][] = [
  ["worker", [1, 3, 0]],
  ["WORKER-9", [1, 3]],
  ["102", [2]],
  ["running", [2]],
  ["epoll", [3]],
  ["  worker   futex ", [1, 0]],
  ["main futex", []],
];
for (const [filter, keys] of filters) {
  test(`filtered by "${filter}"`, () => {
    assert.deepEqual(shown(filter, "age"), keys);
  });
}

function shown(filter: string, order: Order): number[] {
  return arrange(ROWS, filter, order).map(({ key }) => key);
}
