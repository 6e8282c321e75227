import { monotonicMs } from "../linux/boot.js";
import type { Effects } from "../supervisor/effects.js";

/** One timer for all deadlines; none is set while nothing is due. `before` comes first when it rings. */
export function createAlarm(before: () => void): Effects["wakeAt"] {
  let timer: NodeJS.Timeout | undefined;
  return (deadline, wake) => {
    clearTimeout(timer);
    if (deadline === undefined) return;
    const ring = (): void => {
      try {
        before();
      } finally {
        wake();
      }
    };
    timer = setTimeout(ring, Math.max(0, Math.ceil(deadline - monotonicMs())));
  };
}
