import { encodeRecord } from "../../../src/state/encode.js";
import { recordOf } from "../states.js";

const whole = encodeRecord(recordOf(11));

/** State files that were once lost, or stopped a daemon. */
export const knownStates: readonly Buffer[] = [
  "",
  "null",
  "[]",
  "{}",
  whole.slice(0, -2),
  whole.replace('"format":3', '"format":4'),
  whole.replace('"format":3', '"format":1e999'),
  // What sums of counters of 1e308 were written as.
  whole.replace(/"accepted":\d+/, '"accepted":null'),
  `{"format":3,"checksum":"","record":${"[".repeat(50_000)}${"]".repeat(50_000)}}`,
].map((text) => Buffer.from(text));
