import { signalWhenOver } from "../../lib/late-timer.js";
import { findGeneration } from "../../model/find.js";
import { compare } from "../../model/judge.js";
import type { Judges } from "../../model/plan.js";
import { describeEnd, followCommand, lastLine } from "../../process/run-command.js";
import { probeVariable, workerEnvironment } from "../perform/commands.js";
import { type Courtroom, repeat } from "./courtroom.js";

type JudgeCommand = NonNullable<Judges["command"]>;

/**
 * Asks a command of the admin's, which gets the numbers of both generations as JSON on stdin. Exit status 0: nothing to say against
 * it; 1: it is bad, and the last line says why; anything else is no verdict, and is told.
 */
export async function watchCommand(
  room: Courtroom,
  { argv, everyMs, timeoutMs }: JudgeCommand,
): Promise<void> {
  const { name, generation, phase, snapshots, signal, condemn, warn } = room;
  const { plan } = generation.specification;
  await repeat(everyMs, signal, async () => {
    const end = await followCommand(argv, {
      directory: snapshots.workingDirectoryOf(generation),
      environment: workerEnvironment(name, plan, generation.id, probeVariable(generation, room.current())),
      signal: AbortSignal.any([signal, signalWhenOver(timeoutMs)]),
      input: { name, generation: generation.id, version: generation.version, phase, ...numbersOf(room) },
    });
    if (signal.aborted) return;
    if (end.how === "exited" && end.status === 0) return;
    if (end.how === "exited" && end.status === 1) {
      const said = lastLine(end.output);
      condemn(`${argv.join(" ")} says that it is bad${said === "" ? "" : `: ${said}`}`);
      return;
    }
    warn(`the judge of generation ${generation.id} has no verdict: ${describeEnd(argv, end)}`);
  });
}

/** Of the time that is looked at, and of the generation before. */
function numbersOf({ current, generation, nowMs }: Courtroom): object {
  const state = current();
  const now = findGeneration(state, generation.id);
  const compared = now === undefined ? null : compare(state, now, nowMs());
  return { now: compared?.now ?? null, before: compared?.before ?? null };
}
