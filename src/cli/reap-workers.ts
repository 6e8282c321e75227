import { closeSync, openSync } from "node:fs";
import { firstOf, resolveDirectories, restartMarkIn } from "../lib/directories.js";
import { fail, messageOf, succeed } from "../lib/failure.js";
import { bootId } from "../linux/boot.js";
import { ownCgroup, ownUnitName, processesIn } from "../linux/cgroup.js";
import { isLive } from "../model/find.js";
import type { Process } from "../model/generation-state.js";
import { currentJob } from "../systemd/job.js";
import type { CommandLine, End } from "./command.js";
import { complain, say } from "./print.js";
import { decideReap } from "./reap-decision.js";

const defaultDrainMs = 60_000;

/** `holdfast reap`, for ExecStopPost=: ends what a dead daemon left, unless another daemon is about to adopt it. */
export async function reapWorkers(line: CommandLine): Promise<End> {
  const { env } = process;
  // Set in ExecStopPost= only: systemd.exec(5). Run by hand, the cgroup may be a terminal's or a session's.
  const unit = env["SERVICE_RESULT"] === undefined ? undefined : ownUnitName();
  const job = unit === undefined ? "unknown" : await currentJob(unit);
  const { act, why } = decideReap({ job, env });
  if (job === "restart") markRestart(env);
  if (!act) return succeed("done");
  const { endProcesses } = await import("./end-processes.js");
  const { parentOf, startTimeOf } = await import("../linux/pidfd.js");
  const remembered = await readWorkers(line);
  const spared = ancestry(parentOf);
  const cgroup = unit === undefined ? undefined : ownCgroup();
  const list = (): number[] => {
    const known = remembered.filter(
      ({ pid, startTime }) => startTime !== null && startTimeOf(pid) === startTime,
    );
    const pids = [...known.map(({ pid }) => pid), ...(cgroup === undefined ? [] : processesIn(cgroup))];
    return [...new Set(pids)].filter((pid) => !spared.has(pid));
  };
  const found = list().length;
  if (found === 0) return succeed("done");
  say(`${found} process(es) left, and ${why}: they are told to end`);
  const { killed, left } = await endProcesses({ list, drainMs: line.timeoutMs ?? defaultDrainMs });
  if (left > 0) return fail("processes-left", `cannot end ${left} process(es), not even with SIGKILL`);
  say(killed === 0 ? "all have ended" : `all have ended, ${killed} of them by SIGKILL`);
  return succeed("done");
}

/** A daemon that was killed, or not yet up, cannot have written down that the next one is to upgrade. */
function markRestart(env: NodeJS.ProcessEnv): void {
  const runtime = firstOf(env["RUNTIME_DIRECTORY"]);
  if (runtime === undefined) return;
  try {
    closeSync(openSync(restartMarkIn(runtime), "w"));
  } catch (error) {
    complain(
      `cannot tell the next daemon that this is a restart, so it may not upgrade: ${messageOf(error)}`,
    );
  }
}

/** The workers of the state file, if it is of this boot and of this service; what is wrong with the file is said and is no obstacle. */
async function readWorkers({ name }: CommandLine): Promise<readonly Process[]> {
  const { env } = process;
  const given = firstOf(env["STATE_DIRECTORY"]);
  const uid = process.geteuid?.() ?? 0;
  const directory = given ?? (name === undefined ? undefined : resolveDirectories({ name, env, uid }).state);
  if (directory === undefined) return [];
  // Not before it is needed: while a restart is under way the next daemon waits for this process.
  const { readStateFile } = await import("../state/state-file.js");
  const record = readStateFile(directory);
  if (!record.ok) complain(record.failure.message);
  if (!record.ok || record.value === undefined) return [];
  const { state, bootId: boot } = record.value;
  if (boot !== (bootId() ?? boot) || record.value.name !== (name ?? record.value.name)) return [];
  return state.generations.flatMap(({ workers }) =>
    workers.flatMap(({ run }) => (isLive(run) ? [run.process] : [])),
  );
}

/** This process and all above it: systemd's own helper among them, and PID 1. */
function ancestry(parentOf: (pid: number) => number | undefined): ReadonlySet<number> {
  const pids = new Set<number>();
  for (let pid: number | undefined = process.pid; pid !== undefined && pid > 0; pid = parentOf(pid))
    pids.add(pid);
  return pids;
}
