const maxTimerMs = 2 ** 31 - 1;

/**
 * How often to send WATCHDOG=1, in milliseconds: half of what systemd allows. Undefined when it expects none from this
 * process. sd_watchdog_enabled(3).
 */
export function watchdogIntervalMs(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): number | undefined {
  const { WATCHDOG_USEC: microseconds = "", WATCHDOG_PID: forPid = String(pid) } = env;
  if (forPid !== String(pid) || !/^[1-9][0-9]{0,15}$/.test(microseconds)) return undefined;
  return Math.min(Number(microseconds) / 2000, maxTimerMs);
}
