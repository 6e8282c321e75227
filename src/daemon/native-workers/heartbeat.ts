import { formatDuration } from "../../lib/duration.js";
import { messageOf } from "../../lib/failure.js";
import { openPromise } from "../../lib/open-promise.js";
import type { Event, SlotProcess } from "../../model/event.js";
import { activeGeneration } from "../../model/find.js";
import type { State } from "../../model/state.js";
import { findWorker, liveWorkers, nameWorker } from "../../model/turn.js";
import type { WorkerChannels } from "../../process/worker-channels.js";
import type { WorkerProcesses } from "../../process/worker-processes.js";
import type { ShareSteering } from "./share.js";
import type { WorkerReports } from "./worker-reports.js";

/** Of native workers, where systemd sets no rhythm by WatchdogSec=. */
const heartbeatMs = 15_000;
/** As long as what native workers count is judged. */
const judgedBeatMs = 1_000;

export interface HeartbeatOptions {
  readonly watchdogMs: number | undefined;
  readonly current: () => State;
  readonly reports: WorkerReports;
  readonly channels: WorkerChannels;
  readonly workers: WorkerProcesses;
  readonly share: ShareSteering;
  /** Called with each beat. */
  readonly onBeat: () => void;
  readonly push: (event: Event) => void;
  readonly warn: (message: string) => void;
}

/**
 * The watchdog and native workers want a beat, a quick one as long as a generation is judged; without them an idle daemon is woken
 * by nothing.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  /** For so long at the most a worker whose loop turns says nothing. */
  readonly #patienceMs: number;
  /** Undefined: it rests. */
  #everyMs: number | undefined;
  #lastMs = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#patienceMs = options.watchdogMs ?? heartbeatMs;
  }

  /** Goes on, faster or slower, or rests, as the state wants it. */
  follow(state: State): void {
    const everyMs = this.#wantedMs(state);
    if (everyMs === this.#everyMs) return;
    this.stop();
    this.#everyMs = everyMs;
    if (everyMs !== undefined) this.#wait(everyMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#everyMs = undefined;
  }

  /** What native workers have counted joins the state together, when all have told it, or `timeoutMs` later. */
  async askWorkers(timeoutMs: number): Promise<void> {
    const { current, reports, channels, share, push } = this.#options;
    const asked = current()
      .generations.flatMap((generation) => liveWorkers(generation))
      .filter((slot) => channels.isNative(slot));
    const { promise: late, resolve } = openPromise<void>();
    const timer = setTimeout(resolve, timeoutMs);
    await Promise.race([late, Promise.all(asked.map((slot) => this.#ask(slot)))]);
    clearTimeout(timer);
    push(reports.counted());
    share.steer(current());
  }

  async #ask(slot: SlotProcess): Promise<void> {
    const { channels, reports } = this.#options;
    const askedMs = performance.now();
    const answer = await channels.ask(slot, { type: "query" }, [], this.#patienceMs);
    if (answer?.message.type !== "report") this.#replaceStuck(slot);
    else reports.answered({ ...slot, pid: slot.process.pid }, performance.now() - askedMs);
  }

  #wantedMs(state: State): number | undefined {
    const { watchdogMs } = this.#options;
    const native = state.generations.some(({ workers }) => workers.some((worker) => worker.native));
    if (!native) return watchdogMs;
    return isJudged(state) ? Math.min(judgedBeatMs, this.#patienceMs) : this.#patienceMs;
  }

  /** From the last beat on: however often the rhythm changes, the watchdog is not kept waiting. */
  #wait(everyMs: number): void {
    const waitMs = Math.max(0, this.#lastMs + everyMs - performance.now());
    this.#timer = setTimeout(() => this.#beat(everyMs), waitMs);
  }

  #beat(everyMs: number): void {
    this.#lastMs = performance.now();
    this.#wait(everyMs);
    this.#options.onBeat();
    this.askWorkers(everyMs).catch((error: unknown) => {
      this.#options.warn(`the native workers cannot be asked at this beat: ${messageOf(error)}`);
    });
  }

  /** The loop of a worker that has not answered for so long stands still. One that has lost its channel is a plain one. */
  #replaceStuck(slot: SlotProcess): void {
    const { current, channels, warn, workers } = this.#options;
    const { pid } = slot.process;
    const run = findWorker(current(), slot)?.run;
    if (run?.phase !== "ready" || run.process.pid !== pid || !channels.isNative(slot)) return;
    warn(
      `worker ${nameWorker(slot)} (pid ${pid}) has not answered for ${formatDuration(this.#patienceMs)}: it is killed and replaced`,
    );
    workers.kill(pid);
  }
}

function isJudged(state: State): boolean {
  const stage = activeGeneration(state)?.stage;
  return stage?.phase === "active" && (stage.proof.kind === "trial" || stage.proof.kind === "probation");
}
