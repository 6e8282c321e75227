/** A time that survives the daemon: milliseconds of CLOCK_MONOTONIC, comparable between processes of one boot. */
export type Monotonic = number;
/** Milliseconds since the epoch, for people only. */
export type WallTime = number;

export interface Clock {
  readonly now: Monotonic;
  readonly wall: WallTime;
}
