import { formatDuration } from "../../lib/duration.js";
import { type FailureOf, type Result, succeed } from "../../lib/failure.js";
import type { HeldListeners } from "../../listeners/held-listeners.js";
import type { News } from "../../model/event.js";
import { activeGeneration } from "../../model/find.js";
import type { Generation } from "../../model/generation-state.js";
import { ownListener } from "../../model/own-listener.js";
import type { State } from "../../model/state.js";
import { liveWorkers, nameWorker } from "../../model/turn.js";
import { warmingMs } from "../../model/verification.js";
import type { WorkerChannels } from "../../process/worker-channels.js";
import { askWorker, firstListener } from "./ask-worker.js";
import { askListener, howToAsk, refuse } from "./verify-plain.js";

export type Tell = (news: News) => void;

interface Surroundings {
  readonly channels: WorkerChannels;
  readonly listeners: HeldListeners;
  readonly tell: Tell;
}

/** Whoever can be asked, and how: the status, or what came instead. */
interface Warmed {
  readonly name: string;
  readonly ask: (path: string, withinMs: number) => Promise<number | string>;
}

const errorsFrom = 400;

/**
 * Asks a candidate what the config has it asked before clients do, so that none of them waits for what is done at the first request
 * only. Whatever it answers, it goes on; what was not well is told. Fails where it cannot be asked at all. Where nobody else
 * serves, nobody is asked: clients wait already.
 */
export async function warmGeneration(
  generation: Generation,
  state: State,
  { channels, listeners, tell }: Surroundings,
): Promise<FailureOf<"daemon/perform"> | null> {
  const { plan } = generation.specification;
  if (plan.warm.length === 0) return null;
  const found = findWarmed(generation, state, channels, listeners);
  if (!found.ok) return found.failure;
  if (activeGeneration(state) === undefined) return null;
  const { id } = generation;
  const since = performance.now();
  const until = since + warmingMs(plan);
  const complaints = await Promise.all(found.value.map((warmed) => warm(warmed, plan.warm, until)));
  for (const message of complaints.flat())
    tell({ event: "warm-failed", level: "warning", message, generation: id });
  const took = formatDuration(Math.round(performance.now() - since));
  const message = `generation ${id} was asked ${plan.warm.length} request(s) to warm up, which took ${took}`;
  tell({ event: "generation-warmed", level: "info", message, generation: id });
  return null;
}

/** One path after the other, as long as there is time. What did not go well. */
async function warm({ name, ask }: Warmed, paths: readonly string[], until: number): Promise<string[]> {
  const complaints: string[] = [];
  for (const path of paths) {
    const withinMs = Math.ceil(until - performance.now());
    const answer = withinMs > 0 ? await ask(path, withinMs) : "nothing: the time for it was over";
    if (typeof answer === "number" && answer < errorsFrom) continue;
    const what = typeof answer === "number" ? `status ${answer}` : answer;
    complaints.push(`${name} answered GET ${path}, which is to warm it up, with ${what}`);
  }
  return complaints;
}

/** Native workers each; plain ones at the listener that is their generation's own, as often as there are: who answers is not known. */
function findWarmed(
  generation: Generation,
  state: State,
  channels: WorkerChannels,
  listeners: HeldListeners,
): Result<readonly Warmed[], FailureOf<"daemon/perform">> {
  const first = firstListener(generation, state);
  if (first === undefined) return { ok: false, failure: refuse("`warm` has no listener to ask at") };
  const slots = liveWorkers(generation);
  const native = slots.filter((slot) => channels.isNative(slot));
  const asked = native.map(
    (slot): Warmed => ({
      name: `worker ${nameWorker(slot)}`,
      ask: (path, withinMs) => askWorker(slot, first, path, withinMs, channels, "warm"),
    }),
  );
  const own = ownListener(generation, state);
  const fd = own === undefined ? undefined : listeners.fdOf(own.id);
  for (const slot of slots.filter((one) => !native.includes(one))) {
    if (own === undefined || fd === undefined) {
      return { ok: false, failure: refuse(`\`warm\` is for native workers, and ${howToAsk(slot)}`) };
    }
    asked.push({
      name: `the listener ${own.name}`,
      ask: async (path, withinMs) =>
        (await askListener(fd, path, AbortSignal.timeout(withinMs), "warm")) ?? "no connection",
    });
  }
  return succeed(asked);
}
