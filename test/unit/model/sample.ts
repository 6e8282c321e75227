import { fail, succeed } from "../../../src/lib/failure.js";
import type { Event } from "../../../src/model/event.js";
import type { ModelFailure } from "../../../src/model/failure.js";
import type { Process } from "../../../src/model/generation-state.js";
import { type Plan, type Specification, unjudged } from "../../../src/model/plan.js";
import type { Listener } from "../../../src/model/state.js";

export const readyTimeoutMs = 30_000;
export const drainTimeoutMs = 60_000;
export const killMs = 5_000;

export const listener: Listener = {
  id: 1,
  name: "http",
  address: "127.0.0.1:8080",
  inode: "1001",
  file: null,
  origin: "bound",
  backlog: null,
};

export function specify(change: Partial<Plan> = {}): Specification {
  const plan: Plan = {
    command: ["serve"],
    release: "/srv/web",
    snapshot: false,
    shared: [],
    writable: [],
    keep: 3,
    workers: 2,
    environment: {},
    check: null,
    strategy: "overlap",
    warm: [],
    verify: null,
    ready: { rule: { when: "notify" }, timeoutMs: readyTimeoutMs },
    drain: { timeoutMs: drainTimeoutMs, killMs, signal: "SIGTERM" },
    ...unjudged,
    judge: { ...unjudged.judge, deaths: true },
    ...change,
  };
  return { plan, listeners: null };
}

export function failure(reason: ModelFailure["reason"]): ModelFailure {
  return { reason, message: `cannot go on: ${reason}` };
}

export function processOf(pid: number): Process {
  return { pid, startTime: pid * 10 };
}

export function prepared(upgrade: number, specification = specify(), held = [listener]): Event {
  const listeners = held.map(({ id }) => id);
  return {
    type: "prepared",
    upgrade,
    result: succeed({ specification, version: null, commit: null, held, listeners }),
  };
}

/** Of a release that is another one each time, unless told. */
export function copied(
  snapshot: number,
  fingerprint = String(snapshot),
  version: string | null = null,
  sameAs: number | null = null,
): Event {
  return {
    type: "snapshot-made",
    snapshot,
    result: succeed({ fingerprint, version, commit: null, uncopied: [], sameAs }),
  };
}

export function notCopied(snapshot: number, reason: ModelFailure["reason"]): Event {
  return { type: "snapshot-made", snapshot, result: fail(reason, `cannot copy: ${reason}`) };
}

export function notPrepared(upgrade: number, reason: ModelFailure["reason"]): Event {
  return { type: "prepared", upgrade, result: fail(reason, `cannot prepare: ${reason}`) };
}

/** An upgrade as most are. */
export const plainly = { hold: false, stage: false, force: false };
