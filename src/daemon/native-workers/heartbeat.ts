import { formatDuration } from "../../lib/duration.js";
import type { Event, SlotProcess } from "../../model/event.js";
import type { State } from "../../model/state.js";
import { findWorker } from "../../model/turn.js";
import type { WorkerChannels } from "../../process/worker-channels.js";
import type { WorkerProcesses } from "../../process/worker-processes.js";
import type { ShareSteering } from "./share.js";
import type { WorkerReports } from "./worker-reports.js";

/** Of native workers, where systemd sets no rhythm by WatchdogSec=. */
const heartbeatMs = 15_000;

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

/** The watchdog and native workers want a beat; without them an idle daemon is woken by nothing. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#everyMs = options.watchdogMs ?? heartbeatMs;
  }

  /** Goes on or rests, as the state wants it. */
  follow({ generations }: State): void {
    const native = generations.some(({ workers }) => workers.some((worker) => worker.native));
    if (this.#options.watchdogMs !== undefined || native) {
      this.#timer ??= setInterval(() => this.#beat(), this.#everyMs);
    } else {
      this.stop();
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** What native workers have counted is written down together; returns those that did not answer. */
  async askWorkers(timeoutMs: number): Promise<readonly SlotProcess[]> {
    const { current, reports, channels, share, push } = this.#options;
    const silent = await reports.refresh(current(), channels, timeoutMs);
    push(reports.counted());
    share.steer(current());
    return silent;
  }

  #beat(): void {
    this.#options.onBeat();
    void this.askWorkers(this.#everyMs).then((silent) => {
      for (const worker of silent) this.#replaceStuck(worker);
    });
  }

  /** The loop of a worker that has not answered for a whole beat stands still. */
  #replaceStuck({ generation, index, process: { pid } }: SlotProcess): void {
    const { current, warn, workers } = this.#options;
    const run = findWorker(current(), { generation, index })?.run;
    if (run?.phase !== "ready" || run.process.pid !== pid) return;
    warn(
      `worker ${generation}.${index} (pid ${pid}) has not answered for ${formatDuration(this.#everyMs)}: it is killed and replaced`,
    );
    workers.kill(pid);
  }
}
