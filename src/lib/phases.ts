/**
 * What an upgrade does at a time. `step-aside`: what served before ends, to make room; `start`: its workers are being started, and run in
 * `ready`; `staged`: it stands by; `drain`: what it leaves finishes. `drain` and `probation` may be at the same time.
 */
export const phaseNames = [
  "prepare",
  "copy",
  "check",
  "step-aside",
  "start",
  "ready",
  "verify",
  "staged",
  "trial",
  "drain",
  "probation",
] as const;

export type PhaseName = (typeof phaseNames)[number];

/** Upper bounds, in milliseconds, by which the times of phases are counted; longer ones are counted apart. */
export const phaseBoundsMs = [
  10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 1_800_000,
] as const;
