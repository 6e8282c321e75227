import { request } from "node:http";
import { Socket } from "node:net";
import type { Failure } from "../lib/failure.js";
import { closeFd } from "../linux/fd.js";
import { openSocketPair } from "../linux/socket-pair.js";
import type { Slot, SlotProcess } from "../model/event.js";
import { activeGeneration, type Generation, type State } from "../model/state.js";
import { liveWorkers, nameWorker } from "../model/turn.js";
import type { WorkerChannels } from "../process/worker-channels.js";

const stateTimeoutMs = 5_000;

type Verify = NonNullable<Generation["specification"]["plan"]["verify"]>;

/** What a candidate must show before it takes over: that it can take the state, and that it answers. */
export async function verifyGeneration(
  generation: Generation,
  state: State,
  channels: WorkerChannels,
): Promise<Failure | null> {
  const { strategy, verify } = generation.specification.plan;
  const candidates = liveWorkers(generation);
  const plain = candidates.find((slot) => !channels.isNative(slot));
  if (plain !== undefined && strategy === "exclusive") {
    return refuse(
      `strategy = "exclusive" needs native workers, and worker ${nameWorker(plain)} is a plain one`,
    );
  }
  const failure = await tryState(candidates, state, channels);
  if (failure !== null || verify === null) return failure;
  const [first] = generation.listeners;
  const listener = state.listeners.find(({ id }) => id === first)?.name;
  if (listener === undefined) return refuse("the service has no listener to send it to");
  const answers = candidates.map((slot) => verifyWorker(slot, listener, verify, channels));
  return (await Promise.all(answers)).find((answer) => answer !== null) ?? null;
}

/** Offers each candidate the state of the worker whose place it is to take. Nothing is taken over yet. */
async function tryState(
  candidates: readonly SlotProcess[],
  state: State,
  channels: WorkerChannels,
): Promise<Failure | null> {
  const active = activeGeneration(state);
  const givers = active === undefined ? [] : liveWorkers(active).filter((slot) => channels.isNative(slot));
  for (const giver of givers) {
    const taker = candidates[giver.index % candidates.length];
    if (taker === undefined || !channels.isNative(taker)) continue;
    const failure = await tryOne(giver, taker, channels);
    if (failure !== null) return failure;
  }
  return null;
}

async function tryOne(giver: Slot, taker: Slot, channels: WorkerChannels): Promise<Failure | null> {
  const given = await channels.ask(giver, { type: "save" }, [], stateTimeoutMs);
  // A giver that says nothing is stuck or has just ended; its state is on disk.
  if (given === undefined) return null;
  try {
    const { message } = given;
    if (message.type !== "saved" || message.entries.length === 0) {
      const why = message.type === "saved" ? message.failure : null;
      return why === null ? null : refuseState(giver, why);
    }
    const { entries } = message;
    const answer = await channels.ask(taker, { type: "try", entries }, given.fds, stateTimeoutMs);
    const verdict = answer?.message;
    if (verdict?.type !== "verdict") return refuseState(taker, "it did not answer in time");
    return verdict.failure === null ? null : refuseState(taker, verdict.failure);
  } finally {
    given.fds.forEach(closeFd);
  }
}

function refuseState(slot: Slot, why: string): Failure {
  return { reason: "state-refused", message: `worker ${nameWorker(slot)}: ${why}` };
}

async function verifyWorker(
  slot: Slot,
  listener: string,
  verify: Verify,
  channels: WorkerChannels,
): Promise<Failure | null> {
  const [own, theirs] = openSocketPair("stream");
  const sent = channels.send(slot, { type: "probe", listener }, [theirs]);
  closeFd(theirs);
  const name = nameWorker(slot);
  if (!sent) {
    closeFd(own);
    return refuse(
      `worker ${name} is a plain one, which cannot be probed; use \`check\` or \`ready.command\` instead`,
    );
  }
  const answer = await askOnce(own, verify);
  if (answer === verify.status) return null;
  const what = typeof answer === "number" ? `status ${answer}` : answer;
  return refuse(`worker ${name} answered GET ${verify.http} with ${what}, not status ${verify.status}`);
}

function askOnce(fd: number, { http: path, timeoutMs }: Verify): Promise<number | string> {
  return new Promise((resolve) => {
    const socket = new Socket({ fd, readable: true, writable: true });
    const asked = request({
      path,
      headers: { Host: "localhost", "User-Agent": "holdfast-verify", Connection: "close" },
      createConnection: () => socket,
      signal: AbortSignal.timeout(timeoutMs),
    });
    asked.on("response", (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
      response.on("close", () => socket.destroy());
    });
    asked.on("error", (error) => {
      socket.destroy();
      resolve(
        error.name === "AbortError" || error.name === "TimeoutError" ? "nothing in time" : error.message,
      );
    });
    asked.end();
  });
}

function refuse(why: string): Failure {
  return { reason: "verify-failed", message: `the verification failed: ${why}` };
}
