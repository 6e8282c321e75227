import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { returnFreedMemory, shareFreedMemory } from "../linux/spare-memory.js";
import type { State } from "../model/state.js";

const thriftyFlags = [
  // The young generation stays as small as it begins; else V8 lets it grow to 16 MB and more in a burst of upgrades, and keeps that.
  "--semi-space-growth-factor=1",
  // What has become machine code without being optimised is never dropped again, however long nobody runs it. Not optimising saves more,
  // but then a large release takes four times as long to be copied.
  "--no-sparkplug",
];

/** Before the daemon allocates much, or has threads. */
export function saveMemory(): void {
  for (const flag of thriftyFlags) setFlagsFromString(flag);
  shareFreedMemory();
}

/**
 * Gives back what a start or an upgrade took, once, at the second beat in a row at which nothing goes on: V8 collects by itself as
 * long as something is allocated only, and a daemon that has nothing to do allocates nothing.
 */
export class Thrift {
  #upgrade: number | undefined;
  #quiet = false;

  onBeat(state: State): void {
    const { upgrade, accounts, nextUpgrade } = state;
    const wasQuiet = this.#quiet;
    this.#quiet = upgrade === null && accounts.length === 0;
    if (!this.#quiet || !wasQuiet || this.#upgrade === nextUpgrade) return;
    this.#upgrade = nextUpgrade;
    collectGarbage();
    returnFreedMemory();
  }
}

/** Node has it under a flag only, which would have to be in every unit. What the first finds to be dead is gone after the second. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc(); gc()");
  setFlagsFromString("--no-expose-gc");
}
