import { Console } from "node:console";
import { writeSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

/** Says what an admin should know, where the app's own output goes: the journal. When that is gone the app goes on all the same. */
export function report(problem: string): void {
  const line = `holdfast: ${problem}`;
  if (isMainThread) new Console(process.stderr).log(line);
  // What a thread has written to its stderr is lost when it ends the process.
  else writeThrough(`${line}\n`);
}

function writeThrough(line: string): void {
  try {
    writeSync(2, line);
  } catch {
    // Whoever read it has gone.
  }
}
