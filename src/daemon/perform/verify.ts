import type { FailureOf } from "../../lib/failure.js";
import { closeForeign } from "../../linux/close-foreign.js";
import type { HeldListeners } from "../../listeners/held-listeners.js";
import type { Slot, SlotProcess } from "../../model/event.js";
import { activeGeneration } from "../../model/find.js";
import type { Generation } from "../../model/generation-state.js";
import { ownListener } from "../../model/own-listener.js";
import type { State } from "../../model/state.js";
import { liveWorkers, nameWorker } from "../../model/turn.js";
import type { WorkerChannels } from "../../process/worker-channels.js";
import { askWorker, firstListener } from "./ask-worker.js";
import { refuse, type Verify, verifyPlain } from "./verify-plain.js";
import { type Tell, warmGeneration } from "./warm.js";

const stateTimeoutMs = 5_000;

export interface Verified {
  readonly failure: FailureOf<"daemon/perform"> | null;
  /** Why the generation before could not take the candidate's state, if so. */
  readonly noWayBack: FailureOf<"daemon/perform"> | null;
}

/** What a candidate must show before it takes over: that it can take the state, and that it answers. It is warmed on the way. */
export async function verifyGeneration(
  generation: Generation,
  state: State,
  channels: WorkerChannels,
  listeners: HeldListeners,
  tell: Tell,
): Promise<Verified> {
  const tried = losesState(state)
    ? { failure: null, noWayBack: null }
    : await tryState(liveWorkers(generation), state, channels);
  const unfit = whyUnfit(generation, state, channels) ?? tried.failure;
  // Before it is asked how it is: that it has not yet run is nothing to be judged by.
  const failure = unfit ?? (await warmGeneration(generation, state, { channels, listeners, tell }));
  if (failure !== null) return { failure, noWayBack: null };
  return { failure: await askAll(generation, state, channels, listeners), noWayBack: tried.noWayBack };
}

/** Going back from a version whose config says that it may: what the one before cannot take is given up. */
function losesState(state: State): boolean {
  const plan = activeGeneration(state)?.specification.plan;
  return state.upgrade?.kind === "rollback" && (plan?.rollback.loseState ?? false);
}

/** What the config asks for needs workers that speak on their channels. */
function whyUnfit(
  generation: Generation,
  state: State,
  channels: WorkerChannels,
): FailureOf<"daemon/perform"> | null {
  const { strategy, trial } = generation.specification.plan;
  const plain = liveWorkers(generation).find((slot) => !channels.isNative(slot));
  if (plain === undefined) return null;
  const worker = `worker ${nameWorker(plain)} is a plain one`;
  if (trial.share !== null) return refuse(`trial.share needs native workers, and ${worker}`);
  if (strategy === "overlap" || activeGeneration(state) === undefined) return null;
  return refuse(
    `strategy = "exclusive" needs native workers after native ones, which hand over to them, and ${worker}; \`holdfast drain\`, then \`holdfast upgrade\` ends the old ones first`,
  );
}

/** Native workers each on a connection that no client has; plain ones at the listener that is their generation's own. */
async function askAll(
  generation: Generation,
  state: State,
  channels: WorkerChannels,
  listeners: HeldListeners,
): Promise<FailureOf<"daemon/perform"> | null> {
  const { verify } = generation.specification.plan;
  if (verify === null) return null;
  const listener = firstListener(generation, state);
  if (listener === undefined) return refuse("the service has no listener to send it to");
  const slots = liveWorkers(generation);
  const native = slots.filter((slot) => channels.isNative(slot));
  const answers = native.map((slot) => verifyWorker(slot, listener, verify, channels));
  const plain = slots.find((slot) => !channels.isNative(slot));
  if (plain !== undefined)
    answers.push(verifyPlain(plain, ownListener(generation, state), verify, listeners));
  return (await Promise.all(answers)).find((answer) => answer !== null) ?? null;
}

/**
 * Offers each candidate the state of the worker whose place it is to take, and that worker the candidate's: a way back that the app does
 * not know is better known before. Nothing is taken over yet.
 */
async function tryState(
  candidates: readonly SlotProcess[],
  state: State,
  channels: WorkerChannels,
): Promise<Verified> {
  const active = activeGeneration(state);
  const givers = active === undefined ? [] : liveWorkers(active).filter((slot) => channels.isNative(slot));
  let noWayBack: FailureOf<"daemon/perform"> | null = null;
  for (const giver of givers) {
    const taker = candidates[giver.index % candidates.length];
    if (taker === undefined || !channels.isNative(taker)) continue;
    const failure = await tryOne(giver, taker, channels);
    if (failure !== null) return { failure, noWayBack: null };
    // What came before version 2 of the protocol cannot be asked: it would set the values.
    if (channels.speaks(giver, 2)) noWayBack ??= await tryOne(taker, giver, channels, "check");
  }
  return { failure: null, noWayBack };
}

async function tryOne(
  giver: Slot,
  taker: Slot,
  channels: WorkerChannels,
  type: "try" | "check" = "try",
): Promise<FailureOf<"daemon/perform"> | null> {
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
    const answer = await channels.ask(taker, { type, entries }, given.fds, stateTimeoutMs);
    const verdict = answer?.message;
    if (verdict?.type !== "verdict") return refuseState(taker, "it did not answer in time");
    return verdict.failure === null ? null : refuseState(taker, verdict.failure);
  } finally {
    given.fds.forEach(closeForeign);
  }
}

function refuseState(slot: Slot, why: string): FailureOf<"daemon/perform"> {
  return { reason: "state-refused", message: `worker ${nameWorker(slot)}: ${why}` };
}

async function verifyWorker(
  slot: SlotProcess,
  listener: string,
  { http: path, status, timeoutMs }: Verify,
  channels: WorkerChannels,
): Promise<FailureOf<"daemon/perform"> | null> {
  const answer = await askWorker(slot, listener, path, timeoutMs, channels);
  if (answer === status) return null;
  const what = typeof answer === "number" ? `status ${answer}` : answer;
  return refuse(`worker ${nameWorker(slot)} answered GET ${path} with ${what}, not status ${status}`);
}
