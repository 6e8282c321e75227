import type { Watcher } from "../../linux/epoll.js";
import { closeFd } from "../../linux/fd.js";
import { openPidfd } from "../../linux/pidfd.js";

/** The process at the other end of a hand-over. Only one that is known to be dead has let go of its connections. */
export interface Peer {
  /** `8.1`, for messages. */
  readonly name: string;
  /** The end of the SEQPACKET pair that the daemon made. */
  readonly fd: number;
  /** Calls back with whether the process has ended, once that is certain; and, if not, once more when it has. */
  learnFate(told: (ended: boolean) => void): void;
  /** Nothing more is asked. */
  release(): void;
}

/**
 * A process ends its sockets a moment before it has ended: whoever hears of a closed channel has to wait for the
 * rest. One that is still there after this long has closed the channel on purpose.
 */
const dyingMs = 5_000;

/** A peer by its pid, which is turned into a pidfd at once: the daemon has just seen that process alive. */
export function createPeer(name: string, pid: number, fd: number, watcher: Watcher): Peer {
  let pidfd = openPidfd(pid);
  let asked: ((ended: boolean) => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  let ended = pidfd === undefined;
  if (pidfd !== undefined) {
    watcher.watch(pidfd, () => {
      ended = true;
      letGo();
      answer(true);
    });
  }
  function letGo(): void {
    if (pidfd === undefined) return;
    watcher.unwatch(pidfd);
    closeFd(pidfd);
    pidfd = undefined;
  }
  function answer(fate: boolean): void {
    clearTimeout(timer);
    const told = asked;
    if (fate) asked = undefined;
    told?.(fate);
  }
  return {
    name,
    fd,
    learnFate(told) {
      asked = told;
      if (ended) answer(true);
      else timer = setTimeout(() => answer(false), dyingMs);
    },
    release() {
      clearTimeout(timer);
      asked = undefined;
      letGo();
    },
  };
}
