import { formatDuration } from "../../lib/duration.js";
import type { FailureOf } from "../../lib/failure.js";
import type { SlotProcess } from "../../model/event.js";
import type { Generation } from "../../model/generation-state.js";
import { ownListener } from "../../model/own-listener.js";
import type { Plan } from "../../model/plan.js";
import type { State } from "../../model/state.js";
import { buildEnvironment } from "../../process/environment.js";
import { runCommand } from "../../process/run-command.js";
import type { WorkerCommand } from "../../process/spawn-worker.js";
import type { NamedFd } from "./collect-fds.js";

const readyRetryMs = 100;

/** What every process of a generation is told about itself. */
export function workerEnvironment(
  name: string,
  plan: Plan,
  generation: number,
  added: Record<string, string>,
) {
  const own = { HOLDFAST_NAME: name, HOLDFAST_GENERATION: String(generation), ...added };
  return buildEnvironment(process.env, plan.environment, own);
}

/** Where only the workers of this generation answer, if anywhere. */
export function probeVariable(generation: Generation, state: State): Record<string, string> {
  const own = ownListener(generation, state);
  return own === undefined ? {} : { HOLDFAST_PROBE: own.address };
}

/** What a worker is told of the file system. */
export interface WorkerPlaces {
  /** Where a native worker keeps the app's state. */
  readonly stateDirectory: string;
  /** The working directory: the generation's snapshot, or its release. */
  readonly directoryOf: (generation: Generation) => string;
}

/** `fds` are the generation's listeners, in its order. */
export function workerCommand(
  name: string,
  generation: Generation,
  index: number,
  state: State,
  places: WorkerPlaces,
  fds: readonly NamedFd[],
  channel: number,
  notifySocket: string,
): WorkerCommand {
  const { plan } = generation.specification;
  const added = {
    NOTIFY_SOCKET: notifySocket,
    HOLDFAST_STATE_DIRECTORY: places.stateDirectory,
    HOLDFAST_WORKER: String(index),
    HOLDFAST_LISTENERS: JSON.stringify(fds.map(({ address }) => address)),
    ...probeVariable(generation, state),
  };
  return {
    command: plan.command,
    directory: places.directoryOf(generation),
    environment: workerEnvironment(name, plan, generation.id, added),
    fds: fds.map(({ fd }) => fd),
    fdNames: fds.map(({ name: fdName }) => fdName),
    identifier: `${name}/${generation.id}`,
    channel,
  };
}

/** Runs `check` in the generation's directory, as long as a start may take. */
export async function runCheck(
  name: string,
  { id, specification: { plan } }: Generation,
  directory: string,
): Promise<FailureOf<"daemon/perform"> | null> {
  if (plan.check === null) return null;
  const { timeoutMs } = plan.ready;
  const signal = AbortSignal.timeout(timeoutMs);
  const environment = workerEnvironment(name, plan, id, {});
  const ran = await runCommand(plan.check, { directory, environment, signal });
  if (ran.ok) return null;
  if (signal.aborted) {
    const message = `the check command did not end within ${formatDuration(timeoutMs)}`;
    return { ...ran.failure, reason: "check-timeout", message };
  }
  return { ...ran.failure, reason: "check-failed", message: `the check failed: ${ran.failure.message}` };
}

/** Runs the ready command again and again until it exits 0; false when `wanted` says that nobody waits any more. */
export async function awaitReadyCommand(
  name: string,
  generation: Generation,
  state: State,
  directory: string,
  { index, process }: SlotProcess,
  wanted: () => boolean,
): Promise<boolean> {
  const { id, specification } = generation;
  const { plan } = specification;
  const { rule, timeoutMs } = plan.ready;
  if (rule.when !== "command") return false;
  const added = {
    HOLDFAST_WORKER: String(index),
    HOLDFAST_WORKER_PID: String(process.pid),
    ...probeVariable(generation, state),
  };
  while (wanted()) {
    const ran = await runCommand(rule.command, {
      directory,
      environment: workerEnvironment(name, plan, id, added),
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (ran.ok) return true;
    await new Promise((resolve) => setTimeout(resolve, readyRetryMs));
  }
  return false;
}
