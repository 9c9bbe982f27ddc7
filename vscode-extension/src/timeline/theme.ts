/** The editor's colours and font, for the canvas. */
export interface Theme {
  readonly foreground: string;
  readonly grid: string;
  readonly alive: string;
  readonly ended: string;
  readonly stop: string;
  /** Of the stops of all threads, which lie over the whole picture. */
  readonly stopOpacity: number;
  readonly font: string;
}

export function currentTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(`--vscode-${name}`).trim();
  const highContrast = document.body.classList.contains("vscode-high-contrast");
  return {
    foreground: color("foreground"),
    grid: color("editorIndentGuide-background1") || color("panel-border"),
    alive: color("charts-green"),
    ended: color("charts-blue"),
    stop: color("charts-yellow"),
    stopOpacity: highContrast ? 0.5 : 0.3,
    font: `11px ${color("font-family") || "sans-serif"}`,
  };
}

/** The editor changes the classes and the style of the page with its theme. */
export function onThemeChange(act: () => void): void {
  const observer = new MutationObserver(act);
  const attributeFilter = ["class", "style"];
  observer.observe(document.documentElement, { attributeFilter });
  observer.observe(document.body, { attributeFilter });
}
