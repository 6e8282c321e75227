import { isOnTerminal } from "../linux/terminal.js";
import type { Event } from "../model/event.js";
import { currentJob, type Job } from "../systemd/job.js";

const known = ["SIGTERM", "SIGQUIT", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH"] as const;

export interface SignalOptions {
  readonly unit: string | undefined;
  readonly push: (event: Event) => void;
  readonly upgrade: () => void;
  readonly reexec: () => void;
  readonly reopenLog: () => void;
  readonly report: (message: string) => void;
}

/**
 * Signals only become events. SIGTERM does not say what it is for; the unit's job does. Returns the way to stop listening, which returns
 * the signals of which that is not known yet: they are for whoever acts next.
 */
export function listenToSignals({
  unit,
  push,
  upgrade,
  reexec,
  reopenLog,
  report,
}: SignalOptions): () => readonly NodeJS.Signals[] {
  const unknown = new Set<{ readonly signal: NodeJS.Signals }>();
  function end(signal: NodeJS.Signals): void {
    const one = { signal };
    unknown.add(one);
    const asked: Promise<Job> = unit === undefined ? Promise.resolve("none") : currentJob(unit);
    const tell = (job: Job): void => {
      if (unknown.delete(one)) endFor(job, signal);
    };
    asked.then(tell, () => tell("unknown"));
  }
  function endFor(job: Job, signal: NodeJS.Signals): void {
    if (job === "unknown")
      report(`${signal}: systemd did not say whether this is a stop or a restart; it is taken for a stop`);
    if (job === "restart") push({ type: "leave-requested", next: "upgrade" });
    else push({ type: "stop-requested", fast: false });
  }
  const stop = on({
    SIGTERM: () => end("SIGTERM"),
    SIGQUIT: () => end("SIGQUIT"),
    SIGINT: () => push({ type: "stop-requested", fast: true }),
    SIGHUP: upgrade,
    SIGUSR1: reopenLog,
    SIGUSR2: reexec,
    SIGWINCH: () => {
      // A terminal sends it to all that were started on it when its window changes size.
      if (!isOnTerminal()) push({ type: "drain-requested" });
    },
  });
  return () => {
    stop();
    const left = [...unknown].map(({ signal }) => signal);
    unknown.clear();
    return left;
  };
}

/** The signals of a daemon that does not act at the moment: none of them ends the process, and none is lost. */
export class HeldSignals {
  readonly #came: NodeJS.Signals[] = [];
  readonly #stop = on(Object.fromEntries(known.map((signal) => [signal, () => this.#came.push(signal)])));

  get some(): boolean {
    return this.#came.length > 0;
  }

  hold(signals: readonly NodeJS.Signals[]): void {
    this.#came.push(...signals);
  }

  /** Holds no more, and sends what came to the process that acts now. */
  sendTo(pid: number): void {
    this.#stop();
    for (const signal of this.#came.splice(0)) process.kill(pid, signal);
  }
}

type Handlers = Partial<Record<(typeof known)[number], () => void>>;

function on(handlers: Handlers): () => void {
  for (const signal of known) {
    const handler = handlers[signal];
    if (handler !== undefined) process.on(signal, handler);
  }
  return () => {
    for (const signal of known) {
      const handler = handlers[signal];
      if (handler !== undefined) process.off(signal, handler);
    }
  };
}
