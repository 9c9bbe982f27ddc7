import type uPlot from "uplot";
import type { Stop } from "../customRequests";
import type { Life, Lives } from "./lives";
import type { Theme } from "./theme";
import type { Span } from "./viewport";

// Of a row's height; of rows thinner than a few pixels all.
const BAR = 0.7;
const THIN = 4;

/** Draw the bars of the visible rows and the stops. Thousands of rectangles, so: plain canvas. */
export function drawLives(plot: uPlot, lives: Lives, rows: Span, theme: Theme): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  const place = placing(plot, lives.now);
  fill(ctx, theme.stop, pauses(lives.stops, place, bbox), theme.stopOpacity);
  const visible = lives.lives.slice(Math.floor(rows.from), Math.ceil(rows.to));
  const first = Math.floor(rows.from);
  fill(
    ctx,
    theme.ended,
    bars(visible, first, place, (life) => life.end !== undefined),
  );
  fill(
    ctx,
    theme.alive,
    bars(visible, first, place, (life) => life.end === undefined),
  );
  fill(ctx, theme.stop, pausesOfOne(lives.stops, visible, first, place));
  ctx.restore();
}

type Box = readonly [left: number, top: number, width: number, height: number];
type Place = (row: number, start: number, end: number | null | undefined) => Box | undefined;

/** Where a time of a row is, in pixels of the canvas; undefined if it is not visible. */
function placing(plot: uPlot, now: number): Place {
  const { left, top, width, height } = plot.bbox;
  const { min: x0 = 0, max: x1 = 1 } = plot.scales.x ?? {};
  const { min: y0 = 0, max: y1 = 1 } = plot.scales.y ?? {};
  const [across, down] = [width / (x1 - x0), height / (y1 - y0)];
  const thickness = down < THIN ? Math.max(1, down) : down * BAR;
  const indent = down < THIN ? 0 : (down - thickness) / 2;
  return (row, start, end) => {
    const from = Math.max(0, (start - x0) * across);
    const to = Math.min(width, ((end ?? now) - x0) * across);
    if (to < 0 || from > width) return undefined;
    return [left + from, top + (row - y0) * down + indent, Math.max(1, to - from), thickness];
  };
}

function bars(visible: readonly Life[], first: number, place: Place, which: (l: Life) => boolean) {
  return visible.map((life, row) =>
    which(life) ? place(first + row, life.start, life.end) : undefined,
  );
}

/** The stops of all threads: over the whole height. */
function pauses(stops: readonly Stop[], place: Place, { top, height }: uPlot.BBox) {
  return stops.map(({ allThreads, startTime, endTime }): Box | undefined => {
    const box = allThreads ? place(0, startTime, endTime) : undefined;
    return box && [box[0], top, box[2], height];
  });
}

/** The stops of one thread alone: on its bar. */
function pausesOfOne(
  stops: readonly Stop[],
  visible: readonly Life[],
  first: number,
  place: Place,
) {
  const stopsOf = new Map<number, Stop[]>();
  for (const stop of stops) {
    if (!stop.allThreads) stopsOf.set(stop.threadId, [...(stopsOf.get(stop.threadId) ?? []), stop]);
  }
  return visible.flatMap(({ id, start, end = Infinity }, row) =>
    (stopsOf.get(id) ?? [])
      .filter(({ startTime }) => start <= startTime && startTime <= end)
      .map(({ startTime, endTime }) => place(first + row, startTime, endTime)),
  );
}

function fill(
  ctx: CanvasRenderingContext2D,
  color: string,
  boxes: readonly (Box | undefined)[],
  opacity = 1,
): void {
  ctx.globalAlpha = opacity;
  ctx.fillStyle = color;
  for (const box of boxes) if (box !== undefined) ctx.fillRect(...box);
}
