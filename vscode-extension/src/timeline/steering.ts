import type { Chart } from "./chart";

const ZOOM = 1.3;
const STEP = 0.15;
const PAGE = 0.9;
// Of a wheel, in pixels.
const NOTCH = 100;

/** What the buttons of the page are for. */
export interface Buttons {
  readonly all: HTMLElement;
  readonly closer: HTMLElement;
  readonly farther: HTMLElement;
}

/** Zoom and scroll by wheel, keys and buttons. Dragging is the chart's own. */
export function steer(chart: Chart, picture: HTMLElement, buttons: Buttons): void {
  const actions = keyActions(chart);
  const act = (action: () => void) => {
    action();
    chart.draw();
  };
  picture.addEventListener("keydown", (event) => {
    const action = actions[event.key];
    if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act(action);
  });
  picture.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      act(() => {
        roll(chart, event);
      });
    },
    { passive: false },
  );
  for (const [button, key] of [
    [buttons.all, "0"],
    [buttons.closer, "+"],
    [buttons.farther, "-"],
  ] as const) {
    button.addEventListener("click", () => {
      act(actions[key] ?? (() => undefined));
    });
  }
}

function keyActions(chart: Chart): Readonly<Partial<Record<string, () => void>>> {
  const { time, rows } = chart;
  const zoom = (factor: number) => {
    time.zoom(factor, (time.span.from + time.span.to) / 2);
  };
  return {
    "0": () => {
      chart.showAll();
    },
    "+": () => {
      zoom(1 / ZOOM);
    },
    "-": () => {
      zoom(ZOOM);
    },
    ArrowLeft: () => {
      time.scroll(-STEP);
    },
    ArrowRight: () => {
      time.scroll(STEP);
    },
    ArrowUp: () => {
      rows.scroll(-STEP);
    },
    ArrowDown: () => {
      rows.scroll(STEP);
    },
    PageUp: () => {
      rows.scroll(-PAGE);
    },
    PageDown: () => {
      rows.scroll(PAGE);
    },
  };
}

/**
 * Plain: rows. With Shift, or sideways: time. With Ctrl: zoom time; with both: zoom rows. Not Alt,
 * which opens the editor's menu.
 */
function roll(chart: Chart, event: WheelEvent): void {
  const { time, rows } = chart;
  const { deltaX, deltaY, ctrlKey, shiftKey } = event;
  // Some platforms turn a wheel with Shift sideways themselves.
  const distance = (deltaY || deltaX) / NOTCH;
  if (ctrlKey && shiftKey) rows.zoom(ZOOM ** distance, chart.at(event).row);
  else if (ctrlKey) time.zoom(ZOOM ** distance, chart.at(event).time);
  else if (shiftKey) time.scroll(STEP * distance);
  else {
    rows.scroll((STEP * deltaY) / NOTCH);
    time.scroll((STEP * deltaX) / NOTCH);
  }
}
