import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Viewport } from "../src/timeline/viewport";

let view: Viewport;
beforeEach(() => {
  view = new Viewport(10);
  view.whole = { from: 0, to: 1000 };
});

test("at first all is shown, also as it grows", () => {
  view.whole = { from: 0, to: 2000 };
  shows(0, 2000);
});

test("an axis that is too short is shown longer than it is", () => {
  view.whole = { from: 5, to: 6 };
  shows(5, 15);
});

test("zooming keeps what is at the anchor in its place", () => {
  view.zoom(0.5, 250);
  shows(125, 625);
});

test("zooming ends at the least and at all of it", () => {
  view.zoom(0.0001, 500);
  assert.equal(view.span.to - view.span.from, 10);
  view.zoom(1e6, 500);
  shows(0, 1000);
});

test("scrolling ends at the ends", () => {
  view.show({ from: 400, to: 500 });
  view.scroll(0.5);
  shows(450, 550);
  view.scroll(100);
  shows(900, 1000);
  view.scroll(-100);
  shows(0, 100);
});

test("a part stays where it is as the axis grows", () => {
  view.show({ from: 400, to: 500 });
  view.whole = { from: 0, to: 2000 };
  shows(400, 500);
});

test("a part that shows the end follows it", () => {
  view.show({ from: 900, to: 1000 });
  view.whole = { from: 0, to: 2000 };
  shows(1900, 2000);
});

test("all is shown again", () => {
  view.show({ from: 900, to: 1000 });
  view.showAll();
  shows(0, 1000);
});

function shows(from: number, to: number): void {
  assert.deepEqual(view.span, { from, to });
}
