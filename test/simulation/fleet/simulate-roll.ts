import type { Chance } from "../chance.js";

/** Batches one after the other, as Ansible's `serial` has them: so many hosts, or a share of all; the last is repeated. */
export type BatchPlan = readonly (number | { readonly share: number })[];

/** With which probability a bad version shows itself. */
export interface Fault {
  /** On a host, in its trial. */
  readonly trial: number;
  /** On a host that came through its trial, in its probation. */
  readonly probation: number;
  /** To the gate, each time it is asked. */
  readonly gate: number;
}

export const none: Fault = { trial: 0, probation: 0, gate: 0 };

export interface Roll {
  readonly hosts: number;
  readonly plan: BatchPlan;
  /** How many hosts are asked at a time: Ansible's `forks`. */
  readonly forks: number;
  readonly fault: Fault;
}

/** Seconds: of a host before its commit, of its trial and probation, between batches, of a host's way back, until people notice. */
export const pace = { before: 5, trial: 3, probation: 60, gate: 60, back: 2, noticed: 1_800 } as const;
export const requestsPerSecond = 100;
/** Of the bad version's responses. */
export const failedShare = 0.1;

export interface Blast {
  /** That served the bad version for a time. */
  readonly hosts: number;
  readonly hostSeconds: number;
  readonly failedRequests: number;
  /** From the first commit until no host serves the bad version any more. */
  readonly seconds: number;
}

export function batchesOf(plan: BatchPlan, hosts: number): readonly number[] {
  const batches: number[] = [];
  for (let left = hosts; left > 0; ) {
    const step = plan[Math.min(batches.length, plan.length - 1)] ?? hosts;
    const wanted = typeof step === "number" ? step : Math.max(1, Math.floor(step.share * hosts));
    const batch = Math.min(left, wanted);
    batches.push(batch);
    left -= batch;
  }
  return batches;
}

/** How long it takes until the last host of a good version has proved itself. */
export function timeOfRoll(roll: Omit<Roll, "fault">): number {
  const batches = batchesOf(roll.plan, roll.hosts);
  const perHost = pace.before + pace.trial + pace.probation;
  const rolling = batches.reduce((sum, batch) => sum + Math.ceil(batch / roll.forks) * perHost, 0);
  return rolling + (batches.length - 1) * pace.gate;
}

/**
 * One roll of a bad version. A batch that has begun is rolled to its end; a host on which the fault shows itself goes back by itself; then,
 * or when the gate says no, all others go back. When all have it and nobody has seen anything, people notice after a while.
 */
export function simulateRoll(chance: Chance, { hosts, plan, forks, fault }: Roll): Blast {
  const commits: number[] = [];
  const ends: (number | undefined)[] = [];
  let now = 0;
  for (const batch of batchesOf(plan, hosts)) {
    const free: number[] = new Array(Math.min(forks, batch)).fill(now);
    let shown = false;
    for (let host = 0; host < batch; host++) {
      const fork = host % free.length;
      const commit = (free[fork] ?? now) + pace.before;
      const after = showsAfter(chance, fault);
      shown ||= after !== undefined;
      commits.push(commit);
      ends.push(after === undefined ? undefined : commit + after);
      free[fork] = commit + (after ?? pace.trial + pace.probation);
    }
    now = free.reduce((last, time) => Math.max(last, time), now);
    if (!shown) now += pace.gate;
    if (shown || chance() < fault.gate) return sumUp(commits, ends, now, forks);
  }
  return sumUp(commits, ends, now + pace.noticed, forks);
}

/** So many seconds after the commit a host goes back by itself. */
function showsAfter(chance: Chance, fault: Fault): number | undefined {
  if (chance() < fault.trial) return chance() * pace.trial;
  return chance() < fault.probation ? pace.trial + chance() * pace.probation : undefined;
}

function sumUp(
  commits: readonly number[],
  ends: readonly (number | undefined)[],
  since: number,
  forks: number,
): Blast {
  let hostSeconds = 0;
  let alone = 0;
  let last = 0;
  let waiting = 0;
  for (const [host, commit] of commits.entries()) {
    const end = ends[host] ?? since + (Math.floor(waiting++ / forks) + 1) * pace.back;
    hostSeconds += end - commit;
    // In the trial the version before takes half of the requests.
    alone += end - commit - Math.min(pace.trial, end - commit) / 2;
    last = Math.max(last, end);
  }
  const failedRequests = alone * requestsPerSecond * failedShare;
  return { hosts: commits.length, hostSeconds, failedRequests, seconds: last - (commits[0] ?? 0) };
}
