import type { Page } from "playwright-core";
import { until } from "./waiting.ts";

/** A row of the disassembly view. */
export interface Instruction {
  readonly address: bigint;
  readonly text: string;
}

/** The editor's view of machine code. */
export class Disassembly {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** The instruction that comes next, once it is shown. */
  current(): Promise<Instruction> {
    return this.untilCurrent(() => true);
  }

  /** Wait until the instruction that comes next is such a one. */
  async untilCurrent(isMeant: (instruction: Instruction) => boolean): Promise<Instruction> {
    const found = await until(
      "the machine code comes to the instruction",
      () => this.#current(),
      (instruction) => instruction !== undefined && isMeant(instruction),
    );
    if (found === undefined) throw new Error("none is shown");
    return found;
  }

  async #current(): Promise<Instruction | undefined> {
    const arrow = this.#page.locator("[class*=codicon-debug-stackframe]");
    const rows = this.#page.locator(".disassembly-view .monaco-list-row").filter({ has: arrow });
    const [text] = await rows.allTextContents();
    const address = /0x[\da-f]+/i.exec(text ?? "")?.[0];
    return text === undefined || address === undefined
      ? undefined
      : { address: BigInt(address), text };
  }
}
