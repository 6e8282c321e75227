/** Who comes so late to a moment of which it knew has stood still, and perhaps the whole machine with it. */
export const lateMs = 1_000;

/**
 * Calls `over` after `ms`, unless what it returns is called before. Who waits for another process has no use for the time in which it stands still
 * itself, for then the other one may have, too: the time by which the timer comes too late is given once more, up to `ms`. What has come by then is
 * read before `over` is called: Node looks at its timers first.
 */
export function callWhenOver(ms: number, over: () => void, { ref = true } = {}): () => void {
  let timer: NodeJS.Timeout;
  let last: NodeJS.Immediate | undefined;
  const wait = (forMs: number): void => {
    const dueMs = performance.now() + forMs;
    timer = setTimeout(() => {
      const stoodMs = performance.now() - dueMs;
      if (stoodMs > lateMs) wait(Math.min(stoodMs, ms));
      else last = setImmediate(over);
    }, forMs);
    if (!ref) timer.unref();
  };
  wait(ms);
  return () => {
    clearTimeout(timer);
    clearImmediate(last);
  };
}

/** Aborted when `ms` are over in that sense; like AbortSignal.timeout() it keeps no process alive. */
export function signalWhenOver(ms: number): AbortSignal {
  const controller = new AbortController();
  const over = (): void => controller.abort(new DOMException("it took too long", "TimeoutError"));
  callWhenOver(ms, over, { ref: false });
  return controller.signal;
}
