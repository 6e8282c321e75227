import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";

const schema = v.object({
  /** The which effect from now on, counted from 1. */
  at: v.number(),
  /** Only effects of this name are counted. */
  what: v.optional(v.string()),
  /**
   * The daemon dies of it; or it is not done, and fails as it is known to (`fail`), or as nobody expects (`throw`), which for an action is
   * later; or it is done, and something beside it throws (`stray`), or the daemon stands still after it (`stop`: SIGSTOP).
   */
  how: v.picklist(["die-before", "die-after", "fail", "throw", "stray", "stop"]),
  /** In a daemon that is started from now on, in one that runs already, or in whichever comes to it. */
  who: v.optional(v.picklist(["new", "old", "any"]), "any"),
});

export type Fault = v.InferInput<typeof schema>;

/** How the faulty daemon is told where to look. */
export const faultVariable = "FAULT_DIRECTORY";

/** From now on the faulty daemon counts its effects. */
export function armFault(directory: string, fault: Fault): void {
  rmSync(struckFile(directory), { force: true });
  // Whole at once: a daemon may look at any time.
  const written = `${faultFile(directory)}.written`;
  writeFileSync(written, JSON.stringify(fault));
  renameSync(written, faultFile(directory));
}

/** What the fault struck; undefined when fewer effects than that were needed. */
export function disarmFault(directory: string): string | undefined {
  rmSync(faultFile(directory), { force: true });
  return readIfThere(struckFile(directory));
}

export function wasStruck(directory: string): boolean {
  return existsSync(struckFile(directory));
}

export function readFault(directory: string): Fault | undefined {
  const file = faultFile(directory);
  // The test may take it away at any time: what is done to snapshots goes on after an upgrade has ended.
  const text = readIfThere(file);
  return text === undefined ? undefined : v.parse(v.pipe(v.string(), v.parseJson(), schema), text);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/**
 * Before the fault strikes, which it does once. False when the test has disarmed the fault meanwhile: of the two who take the file away
 * one comes first.
 */
export function noteStruck(directory: string, what: string): boolean {
  try {
    renameSync(faultFile(directory), struckFile(directory));
  } catch {
    return false;
  }
  writeFileSync(struckFile(directory), what);
  return true;
}

function struckFile(directory: string): string {
  return join(directory, "struck");
}

function faultFile(directory: string): string {
  return join(directory, "fault.json");
}
