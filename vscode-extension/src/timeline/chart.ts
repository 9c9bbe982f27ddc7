import uPlot from "uplot";
import { drawLives } from "./draw";
import type { Lives } from "./lives";
import { time } from "./text";
import type { Theme } from "./theme";
import { Viewport, type Span } from "./viewport";

const SHORTEST_TIME = 10; // microseconds
const FEWEST_ROWS = 12;
const LEAST_DRAG = 5; // pixels; less is a click
const AXIS_WIDTH = 170;
const LABEL_HEIGHT = 15;
// 1, 2 and 5 times a power of ten, up to a day in microseconds: they need no more digits than it does.
const INCREMENTS = Array.from({ length: 11 }, (_, power) =>
  [1, 2, 5].map((n) => n * 10 ** power),
).flat();

/** The picture: a row for each life, time from left to right. uPlot brings axes, cursor and drag. */
export class Chart {
  readonly time = new Viewport(SHORTEST_TIME);
  readonly rows = new Viewport(FEWEST_ROWS);
  readonly #plot: uPlot;
  #lives: Lives;
  #theme: Theme;
  #held = false;

  /** `onPoint` gets the row under the pointer. */
  constructor(
    parent: HTMLElement,
    lives: Lives,
    theme: Theme,
    onPoint: (row: number | undefined) => void,
  ) {
    this.#lives = lives;
    this.#theme = theme;
    this.#plot = new uPlot(
      this.#options(parent, onPoint),
      [
        [0, 1],
        [null, null],
      ],
      parent,
    );
    new ResizeObserver(() => {
      this.#plot.setSize(sizeOf(parent));
    }).observe(parent);
  }

  show(lives: Lives): void {
    this.#lives = lives;
    this.time.whole = { from: lives.start, to: lives.now };
    this.rows.whole = { from: 0, to: lives.lives.length };
    this.draw();
  }

  set theme(theme: Theme) {
    this.#theme = theme;
    this.draw();
  }

  /** Not under the hand of somebody who drags over it. */
  draw(): void {
    if (this.#held) return;
    const [x, y] = [this.time.span, this.rows.span];
    this.#plot.batch(() => {
      this.#plot.setScale("x", { min: x.from, max: x.to });
      this.#plot.setScale("y", { min: y.from, max: y.to });
      this.#plot.redraw(false, true);
    });
  }

  /** The time and the row that are drawn at a place of the page. */
  at({ clientX, clientY }: MouseEvent): { time: number; row: number } {
    const { left, top } = this.#plot.over.getBoundingClientRect();
    return {
      time: this.#plot.posToVal(clientX - left, "x"),
      row: this.#plot.posToVal(clientY - top, "y"),
    };
  }

  #options(parent: HTMLElement, onPoint: (row: number | undefined) => void): uPlot.Options {
    return {
      ...sizeOf(parent),
      legend: { show: false },
      series: [{}, { show: true, scale: "y", points: { show: false } }],
      scales: { x: { time: false, auto: false }, y: { auto: false, dir: -1 } },
      axes: [this.#timeAxis(), this.#rowAxis()],
      cursor: {
        points: { show: false },
        drag: { x: true, y: true, uni: 40, dist: LEAST_DRAG, setScale: false },
        bind: {
          mousedown: this.#holding(true),
          mouseup: this.#holding(false),
          dblclick: () => () => (this.showAll(), null),
        },
      },
      hooks: {
        draw: [
          (plot) => {
            drawLives(plot, this.#lives, this.rows.span, this.#theme);
          },
        ],
        setSelect: [
          (plot) => {
            this.#zoomTo(plot.select);
          },
        ],
        setCursor: [
          (plot) => {
            const { top = -1 } = plot.cursor;
            onPoint(top < 0 ? undefined : Math.floor(plot.posToVal(top, "y")));
          },
        ],
      },
    };
  }

  showAll(): void {
    this.time.showAll();
    this.rows.showAll();
    this.draw();
  }

  /** The chart's own handling, and the picture stands still until the button is up again. */
  #holding(held: boolean): uPlot.Cursor.MouseListenerFactory {
    return (_plot, _target, handle) => (event) => {
      handle(event);
      this.#held = held;
      this.draw();
      return null;
    };
  }

  #zoomTo({ left, top, width, height }: uPlot.Select): void {
    const { clientWidth, clientHeight } = this.#plot.over;
    if (width < clientWidth && width >= LEAST_DRAG) this.time.show(this.#span("x", left, width));
    if (height < clientHeight && height >= LEAST_DRAG) this.rows.show(this.#span("y", top, height));
    this.#plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.draw();
  }

  #span(axis: "x" | "y", position: number, length: number): Span {
    const at = (pixels: number) => this.#plot.posToVal(pixels, axis);
    return { from: at(position), to: at(position + length) };
  }

  #timeAxis(): uPlot.Axis {
    return {
      stroke: () => this.#theme.foreground,
      grid: { stroke: () => this.#theme.grid, width: 1 },
      ticks: { show: false },
      font: this.#theme.font,
      incrs: INCREMENTS,
      // Counted from the first thread's start, so that the lines are at round numbers of that.
      splits: (_plot, _axis, from, to, increment) =>
        this.#lives.lives.length === 0 ? [] : ticks(this.#lives.start, from, to, increment),
      values: (_plot, splits, _axis, _space, increment) =>
        splits.map((split) => time(split - this.#lives.start, increment)),
      space: 90,
    };
  }

  #rowAxis(): uPlot.Axis {
    return {
      stroke: () => this.#theme.foreground,
      grid: { show: false },
      ticks: { show: false },
      font: this.#theme.font,
      size: AXIS_WIDTH,
      splits: (plot) =>
        labelledRows(this.rows.span, this.#lives.lives.length, plot.over.clientHeight),
      values: (_plot, splits) => splits.map((split) => this.#label(Math.floor(split))),
    };
  }

  #label(row: number): string {
    const life = this.#lives.lives[row];
    return life === undefined ? "" : `${life.name} [${life.id}]`;
  }
}

function ticks(zero: number, from: number, to: number, increment: number): number[] {
  const first = Math.ceil((from - zero) / increment);
  const count = Math.floor((to - zero) / increment) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, n) => zero + (first + n) * increment);
}

/** The middles of the rows that get a label: as many as have room for one. */
function labelledRows({ from, to }: Span, count: number, height: number): number[] {
  const step = Math.max(1, Math.ceil(((to - from) * LABEL_HEIGHT) / height));
  const rows: number[] = [];
  const first = Math.ceil(from / step) * step;
  for (let row = first; row + 0.5 <= to && row < count; row += step) rows.push(row + 0.5);
  return rows;
}

function sizeOf({ clientWidth, clientHeight }: HTMLElement) {
  return { width: clientWidth, height: clientHeight };
}
