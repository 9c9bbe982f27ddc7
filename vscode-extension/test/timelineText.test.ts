import assert from "node:assert/strict";
import { test } from "node:test";
import { timelineHtml } from "../src/timelineHtml";
import { Lives } from "../src/timeline/lives";
import { describeLife, summary, time } from "../src/timeline/text";

test("times have a unit and as many digits as tell them apart", () => {
  assert.equal(time(1_500_000, 500_000), "1.5 s");
  assert.equal(time(20_000_000, 5_000_000), "20 s");
  assert.equal(time(1_500_000, 1_000), "1500 ms");
  assert.equal(time(1_234, 100), "1.2 ms");
  assert.equal(time(7, 1), "7 µs");
});

test("lengths have three digits", () => {
  assert.deepEqual(
    [0, 5, 1_200, 43_000, 700_000, 43_000_000].map((length) => time(length)),
    ["0 µs", "5 µs", "1.20 ms", "43.0 ms", "700 ms", "43.0 s"],
  );
});

test("a life and all lives are told in words", () => {
  const lives = new Lives();
  const [one, two] = [1, 2].map((id) => ({ id, name: `worker-${id}`, startTime: 1e6 * id }));
  assert.ok(one !== undefined && two !== undefined);
  const ended = [{ ...two, endTime: 2.5e6 }];
  lives.update({ time: 3e6, cursor: 1, alive: [one], ended, stops: [] });
  const words = lives.lives.map((life) => describeLife(life, lives));
  assert.deepEqual(words, [
    "worker-1 [1]: created at 0.00 s, alive, lived 2.00 s",
    "worker-2 [2]: created at 1.00 s, ended at 1.50 s, lived 500 ms",
  ]);
  assert.equal(summary(lives), "1 alive, 1 ended, 0 stops in 2.00 s");
});

test("the page runs its own script and no other, and its controls have names", () => {
  const page = timelineHtml({ script: "S", style: "C", styleOrigin: "O", nonce: "N" });
  assert.match(page, /content="default-src 'none'; script-src 'nonce-N'; style-src O;"/);
  assert.doesNotMatch(page, /unsafe|onclick|style=/);
  assert.deepEqual(page.match(/<script[^>]*>/g), ['<script nonce="N" src="S">']);
  for (const [button] of page.matchAll(/<button.*?<\/button>/g)) {
    assert.match(button, /aria-label="\w|>\w/);
  }
});
