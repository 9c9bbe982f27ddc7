import type { ThreadItem } from "./threadItem";

/**
 * What of a flat tree must be drawn anew: all of it if an element came, went or moved, because
 * editors know no other way to say so; else the elements that look different.
 */
export function changes<Element>(
  before: ReadonlyMap<Element, ThreadItem>,
  after: ReadonlyMap<Element, ThreadItem>,
): Element[] | "all" {
  if (before.size !== after.size) return "all";
  const changed: Element[] = [];
  const old = before.entries();
  for (const [element, item] of after) {
    const [place, look] = old.next().value ?? [];
    if (place !== element || look === undefined) return "all";
    if (!sameLook(look, item)) changed.push(element);
  }
  return changed;
}

function sameLook(one: ThreadItem, other: ThreadItem): boolean {
  return (
    one.label === other.label &&
    one.description === other.description &&
    one.context === other.context
  );
}
