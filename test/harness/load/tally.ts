import type { Counts, Kind, LoadReport, Loss } from "./report.js";

const LOSSES_TOLD = 20;

/** Counts what happens to requests. Each request is begun once and then ends exactly once. */
export class Tally {
  readonly #startMs = performance.now();
  readonly #report: LoadReport = {
    ...noCounts(),
    kinds: { keepAlive: noCounts(), fresh: noCounts(), slow: noCounts() },
    connections: 0,
    idleClosed: 0,
    versions: {},
    longestGapMs: 0,
    elapsedMs: 0,
    losses: [],
  };
  #lastOkMs: number | null = null;

  begin(kind: Kind): void {
    for (const counts of [this.#report, this.#report.kinds[kind]]) counts.requests++;
  }

  succeed(kind: Kind, version: string): void {
    const now = this.#now();
    for (const counts of [this.#report, this.#report.kinds[kind]]) counts.ok++;
    const seen = this.#report.versions[version];
    if (seen === undefined) this.#report.versions[version] = { responses: 1, firstMs: now, lastMs: now };
    else {
      seen.responses++;
      seen.lastMs = now;
    }
    this.#report.longestGapMs = Math.max(this.#report.longestGapMs, now - (this.#lastOkMs ?? now));
    this.#lastOkMs = now;
  }

  lose(kind: Kind, loss: Loss, why: string): void {
    for (const counts of [this.#report, this.#report.kinds[kind]]) counts[loss]++;
    if (this.#report.losses.length < LOSSES_TOLD) {
      this.#report.losses.push(`at ${this.#now()} ms a ${kind} request: ${loss}: ${why}`);
    }
  }

  connect(): void {
    this.#report.connections++;
  }

  closeIdle(): void {
    this.#report.idleClosed++;
  }

  report(): LoadReport {
    return { ...this.#report, elapsedMs: this.#now() };
  }

  #now(): number {
    return Math.round(performance.now() - this.#startMs);
  }
}

function noCounts(): Counts {
  return { requests: 0, ok: 0, refused: 0, reset: 0, cut: 0, lostOnReuse: 0, bad: 0, timedOut: 0 };
}
