import { countHealth, type HealthOutcome, judgeHealth } from "../../judge/health.js";
import { signalWhenOver } from "../../lib/late-timer.js";
import type { SlotProcess } from "../../model/event.js";
import { findGeneration } from "../../model/find.js";
import { ownListener } from "../../model/own-listener.js";
import type { HealthCheck } from "../../model/plan.js";
import { liveWorkers, nameWorker } from "../../model/turn.js";
import { askWorker } from "../perform/ask-worker.js";
import { askListener } from "../perform/verify-plain.js";
import { type Courtroom, listenersOf, repeat, servesAlone } from "./courtroom.js";

interface Answer {
  readonly outcome: HealthOutcome;
  /** For people. */
  readonly found: string;
}

const unknown: Answer = { outcome: "unknown", found: "" };

/**
 * Asks the generation how it is, again and again: native workers each on a connection that no client has; plain ones at the listener
 * that is their generation's own, or without one at the first, once nobody else is left who might answer.
 */
export async function watchHealth(room: Courtroom, check: HealthCheck): Promise<void> {
  let failed = 0;
  await repeat(intervalOf(room, check), room.signal, async () => {
    const { outcome, found } = await ask(room, check);
    failed = countHealth(failed, outcome);
    const verdict = judgeHealth(failed, found, check.failures);
    if (verdict.verdict === "bad") room.condemn(verdict.why);
  });
}

/** So often that a trial has room for as many failures as it takes. */
function intervalOf({ phase, generation: { stage } }: Courtroom, { everyMs, failures }: HealthCheck): number {
  const proof = stage.phase === "active" ? stage.proof : undefined;
  if (phase !== "trial" || proof?.kind !== "trial" || proof.until === null) return everyMs;
  return Math.min(everyMs, (proof.until - proof.since) / (failures + 1));
}

async function ask(room: Courtroom, check: HealthCheck): Promise<Answer> {
  const generation = findGeneration(room.current(), room.generation.id);
  const ready = generation?.workers.filter(({ run }) => run.phase === "ready") ?? [];
  const slots = liveWorkers({ id: room.generation.id, workers: ready });
  const native = slots.filter((slot) => room.channels.isNative(slot));
  const answers = await Promise.all(native.map((slot) => askNative(room, slot, check)));
  if (native.length < slots.length) answers.push(await askPlain(room, check));
  return (
    answers.find(({ outcome }) => outcome === "unhealthy") ??
    answers.find(({ outcome }) => outcome === "healthy") ??
    unknown
  );
}

async function askNative(
  room: Courtroom,
  slot: SlotProcess,
  { http, status, timeoutMs }: HealthCheck,
): Promise<Answer> {
  const [first] = listenersOf(room);
  if (first === undefined) return unknown;
  const answer = await askWorker(slot, first.listener.name, http, timeoutMs, room.channels);
  return judge(answer, status, `worker ${nameWorker(slot)} answered GET ${http} with`);
}

async function askPlain(room: Courtroom, { http, status, timeoutMs }: HealthCheck): Promise<Answer> {
  const own = ownListener(room.generation, room.current())?.id;
  const all = listenersOf(room);
  const asked = all.find(({ listener }) => listener.id === own) ?? (servesAlone(room) ? all[0] : undefined);
  if (asked === undefined) return unknown;
  const signal = AbortSignal.any([room.signal, signalWhenOver(timeoutMs)]);
  const answer = await askListener(asked.fd, http, signal);
  return answer === undefined ? unknown : judge(answer, status, `GET ${http} was answered with`);
}

function judge(answer: number | string, status: number, what: string): Answer {
  if (answer === status) return { outcome: "healthy", found: "" };
  const got = typeof answer === "number" ? `status ${answer}` : answer;
  return { outcome: "unhealthy", found: `${what} ${got}, not status ${status}` };
}
