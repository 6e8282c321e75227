/** The whole process, with its loop, for so long; for ever unless told. */
export function standStill(ms?: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
