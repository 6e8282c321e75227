import { writeSync } from "node:fs";
import type { WorkerSignal } from "../lib/drain-signals.js";
import type { Watcher } from "../linux/epoll.js";
import { closeFd } from "../linux/fd.js";

/**
 * The daemon whose place this one takes. It has stopped acting, and waits. When this process ends before it has heard
 * that it may go, it takes everything back.
 */
export interface Predecessor {
  /** The workers stay what they are; else they have to be replaced, and it goes when their successors serve. */
  readonly keepsWorkers: boolean;
  /** This daemon has recovered. */
  ready(): void;
  /** This daemon's own workers serve: there is no way back. */
  replaced(): void;
  /** To a worker of its that cannot be signalled from here. */
  signal(slot: { readonly generation: number; readonly index: number }, signal: WorkerSignal): void;
  /** Calls back once it has ended, whatever it was told. */
  onGone(told: () => void): void;
}

/** The way to a predecessor that started this process, among the fds that it passed. */
export const predecessorFdName = "holdfast.predecessor";

/** What a daemon says that was started by its predecessor, on that fd. */
export const readyLine = "ready\n";

/** The predecessor that started this process. Its end of the pipe never says anything: what there is to read is its end. */
export function predecessorBehind(fd: number, watcher: Watcher): Predecessor {
  return {
    keepsWorkers: true,
    ready() {
      try {
        writeSync(fd, readyLine);
      } catch {
        // It has ended meanwhile, as is noticed by reading.
      }
    },
    replaced() {},
    signal() {},
    onGone(told) {
      watcher.watch(fd, () => {
        watcher.unwatch(fd);
        closeFd(fd);
        told();
      });
    },
  };
}
