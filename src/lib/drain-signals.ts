/** By which of them a program drains is its own: most by SIGTERM, nginx and php-fpm by SIGQUIT, HAProxy by SIGUSR1. */
export const drainSignals = [
  "SIGTERM",
  "SIGQUIT",
  "SIGINT",
  "SIGHUP",
  "SIGUSR1",
  "SIGUSR2",
  "SIGWINCH",
] as const;

export type DrainSignal = (typeof drainSignals)[number];

export type WorkerSignal = DrainSignal | "SIGKILL";
