/** What the page of the timeline may load, and from where. */
export interface Sources {
  readonly script: string;
  readonly style: string;
  /** From which style sheets may come. */
  readonly styleOrigin: string;
  /** Lets this script run and no other. */
  readonly nonce: string;
}

/** The page of the timeline; its script fills it. */
export function timelineHtml({ script, style, styleOrigin, nonce }: Sources): string {
  const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src ${styleOrigin};`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="UTF-8">
  <meta http-equiv="Content-Security-Policy" content="${policy}">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <link rel="stylesheet" href="${style}">
  <title>Thread timeline</title>
</head>
<body>
  <header>
    <button id="all" title="The whole time and all threads (0, or double-click)">Show All</button>
    <button id="closer" aria-label="Zoom in" title="Zoom in (+)">+</button>
    <button id="farther" aria-label="Zoom out" title="Zoom out (-)">&minus;</button>
    <button id="export" disabled title="Save a trace that Perfetto and chrome://tracing open">Export as Trace</button>
    <span class="hint" id="keys">Drag: zoom. Wheel: scroll; Shift: along time; Ctrl: zoom time; both: zoom threads</span>
  </header>
  <main id="picture" tabindex="0" role="img" aria-label="Timeline of threads" aria-describedby="keys"></main>
  <footer>
    <span class="alive"><span class="swatch"></span>alive</span>
    <span class="ended"><span class="swatch"></span>ended</span>
    <span class="stop"><span class="swatch"></span>stopped</span>
    <span id="status"></span>
  </footer>
  <script nonce="${nonce}" src="${script}"></script>
</body>
</html>
`;
}
