import assert from "node:assert/strict";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";

/** How long the server of the control target gives a client to send its request. */
export const requestTimeoutMs = 60;
const patienceMs = 10_000;

/** How a client behaves that has sent what it has to say. */
export type Ending = "waits" | "half-closes" | "resets" | "never reads";

export interface Attempt {
  readonly bytes: Buffer;
  /** Where the bytes are cut into pieces that are sent one after the other. */
  readonly cuts: readonly number[];
  readonly pauseMs: number;
  readonly ending: Ending;
}

/** Sends the pieces and returns what was answered by the time the connection has ended; the server has to end it. */
export async function attempt(
  socketPath: string,
  { bytes, cuts, pauseMs, ending }: Attempt,
): Promise<string> {
  const socket = connect(socketPath);
  let answer = "";
  if (ending !== "never reads") socket.on("data", (chunk) => (answer += chunk.toString("latin1")));
  // The server may close before it has read all that is sent.
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const bounds = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (const [index, end] of bounds.slice(1).entries()) {
    if (socket.destroyed || !socket.writable) break;
    socket.write(bytes.subarray(bounds[index], end));
    await delay(pauseMs);
  }
  if (ending === "half-closes") socket.end();
  if (ending === "resets") socket.destroy();
  // Only by reading it learns that the server had closed meanwhile.
  if (ending === "never reads") await delay(2 * requestTimeoutMs).then(() => socket.resume());
  const late = setTimeout(() => socket.destroy(new Error("late")), patienceMs);
  await closed;
  clearTimeout(late);
  assert.notEqual(
    socket.errored?.message,
    "late",
    `kept open for ${patienceMs} ms: ${JSON.stringify(answer)}`,
  );
  return answer;
}

/** After the interim answer that a client may have asked for. */
export function statusIn(answer: string): number | undefined {
  const final = answer.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, "");
  if (final === "") return undefined;
  assert.match(final, /^HTTP\/1\.1 \d{3} /);
  return Number(final.slice(9, 12));
}

export const delivery = {
  cuts: fc.array(fc.nat(20_000), { maxLength: 4 }),
  pauseMs: fc.constantFrom(0, 0, 1, 30),
  ending: fc.constantFrom<Ending>("waits", "half-closes", "resets", "never reads"),
};
