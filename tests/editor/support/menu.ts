import { errors, type Locator, type Page } from "playwright-core";

// Longer than a busy editor takes to open a menu.
const OPENING_MS = 10_000;

/** Take an entry of the menu that opens. */
export async function chooseInMenu(page: Page, entry: string): Promise<void> {
  const item = await focusInMenu(page, entry);
  await page.keyboard.press("Enter");
  await item.waitFor({ state: "hidden" });
}

/** Whether the menu that was to open does, with this entry, and stays. */
export async function menuStays(page: Page, entry: string): Promise<boolean> {
  try {
    await focusInMenu(page, entry, OPENING_MS);
    return true;
  } catch (error) {
    if (error instanceof errors.TimeoutError) return false;
    throw error;
  }
}

async function focusInMenu(page: Page, entry: string, timeout?: number): Promise<Locator> {
  const item = page.locator(".monaco-menu .action-item", { hasText: entry }).first();
  const patience = timeout === undefined ? {} : { timeout };
  // Clicks in the first moment of a menu do not count.
  await item.hover(patience);
  await item.and(page.locator(".focused")).waitFor(patience);
  return item;
}
