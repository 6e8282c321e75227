import { request } from "node:http";
import { Socket } from "node:net";
import type { Failure } from "../lib/failure.js";
import { closeFd } from "../linux/fd.js";
import { openSocketPair } from "../linux/socket-pair.js";
import type { Slot } from "../model/event.js";
import type { Generation, State } from "../model/state.js";
import { nameWorker } from "../model/turn.js";
import type { WorkerChannels } from "../process/worker-channels.js";

type Verify = NonNullable<Generation["specification"]["plan"]["verify"]>;

/** Asks each worker of a candidate, on a connection that only this worker has, for what the config says it must answer. */
export async function verifyGeneration(
  generation: Generation,
  state: State,
  channels: WorkerChannels,
): Promise<Failure | null> {
  const { verify } = generation.specification.plan;
  if (verify === null) return null;
  const [first] = generation.listeners;
  const listener = state.listeners.find(({ id }) => id === first)?.name;
  if (listener === undefined) return refuse("the service has no listener to send it to");
  const answers = generation.workers.map(({ index }) => {
    return verifyWorker({ generation: generation.id, index }, listener, verify, channels);
  });
  return (await Promise.all(answers)).find((failure) => failure !== null) ?? null;
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
