import "uplot/dist/uPlot.min.css";
import "./page.css";
import { Chart } from "./chart";
import { steer } from "./steering";
import { Lives } from "./lives";
import type { FromPage, ToPage } from "./messages";
import { describeLife, summary } from "./text";
import { currentTheme, onThemeChange } from "./theme";

declare function acquireVsCodeApi(): { postMessage(message: FromPage): void };

const editor = acquireVsCodeApi();
const picture = element("picture");
const status = element("status");
const exportButton = element("export") as HTMLButtonElement;
let lives = new Lives();
let pointed: number | undefined;

const chart = new Chart(picture, lives, currentTheme(), (row) => {
  pointed = row;
  describe();
});
steer(chart, picture, {
  all: element("all"),
  closer: element("closer"),
  farther: element("farther"),
});
onThemeChange(() => {
  chart.theme = currentTheme();
});
exportButton.addEventListener("click", () => {
  editor.postMessage({ type: "export" });
});
window.addEventListener("message", ({ data }: MessageEvent<ToPage>) => {
  receive(data);
});
editor.postMessage({ type: "ready" });

function receive(message: ToPage): void {
  switch (message.type) {
    case "session":
      lives = new Lives();
      chart.showAll();
      chart.show(lives);
      exportButton.disabled = false;
      break;
    case "lives":
      lives.update(message.body);
      chart.show(lives);
      describe();
      break;
    case "ended":
      exportButton.disabled = true;
      break;
    case "problem":
      status.textContent = message.text;
  }
}

function describe(): void {
  const all = summary(lives);
  const life = pointed === undefined ? undefined : lives.lives[pointed];
  status.textContent = life === undefined ? all : describeLife(life, lives);
  picture.setAttribute("aria-label", `Timeline of threads: ${all}`);
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no ${id}`);
  return found;
}
