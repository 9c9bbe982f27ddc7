import type { ThreadLivesBody } from "../customRequests";

/** What the extension tells the page; "session" when another begins. */
export type ToPage =
  | { readonly type: "session" }
  | { readonly type: "lives"; readonly body: ThreadLivesBody }
  | { readonly type: "ended" }
  | { readonly type: "problem"; readonly text: string };

/** What the page tells the extension; "ready" when it can draw, which it does from nothing. */
export interface FromPage {
  readonly type: "ready" | "export";
}
