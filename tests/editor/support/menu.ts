import type { Page } from "playwright-core";

/** Take an entry of the menu that opens. */
export async function chooseInMenu(page: Page, entry: string): Promise<void> {
  const item = page.locator(".monaco-menu .action-item", { hasText: entry }).first();
  // Clicks in the first moment of a menu do not count.
  await item.hover();
  await item.and(page.locator(".focused")).waitFor();
  await page.keyboard.press("Enter");
  await item.waitFor({ state: "hidden" });
}
