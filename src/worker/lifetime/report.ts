import { writeSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

/** Says what an admin should know, where the app's own output goes: the journal. */
export function report(problem: string): void {
  const line = `holdfast: ${problem}\n`;
  if (isMainThread) process.stderr.write(line);
  // What a thread has written to its stderr is lost when it ends the process.
  else writeSync(2, line);
}
