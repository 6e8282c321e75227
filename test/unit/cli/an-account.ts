import type { HistoryEntry } from "../../../src/control/replies.js";
import type { AccountReport } from "../../../src/lib/account.js";
import { nothingCounted } from "../../../src/lib/counters.js";

/** Of an upgrade from generation 8 to 9 of native workers, which has proved itself. */
export const account: AccountReport = {
  upgrade: 12,
  kind: "upgrade",
  asked: { by: { kind: "user", uid: 0 }, message: "new prices" },
  startedAt: 1_700_000_000_000,
  endedAt: 1_700_000_072_000,
  phases: [
    { phase: "prepare", afterMs: 0, tookMs: 9 },
    { phase: "copy", afterMs: 9, tookMs: 120 },
    { phase: "trial", afterMs: 410, tookMs: 3_000 },
    { phase: "drain", afterMs: 3_410, tookMs: 1_100 },
    { phase: "probation", afterMs: 3_410, tookMs: 60_000 },
  ],
  old: {
    generation: 8,
    listeners: [
      { ...nothingCounted, listener: "http", accepted: 40, finished: 18, moved: 1_204, ok: 2_400 },
      { ...nothingCounted, listener: "admin", accepted: 1, cut: 2, ok: 1 },
    ],
    deaths: 0,
  },
  new: {
    generation: 9,
    listeners: [
      { ...nothingCounted, listener: "http", accepted: 340, adopted: 1_204, ok: 119, serverErrors: 1 },
    ],
    deaths: 2,
  },
  witness: {
    overflows: 0,
    drops: 0,
    backlogs: [
      { listener: "http", queued: 3, limit: 511 },
      { listener: "admin", queued: 0, limit: 128 },
    ],
    stillMs: 12,
  },
  failure: null,
  verdict: { kind: "proved" },
};

/** The same where workers are plain and the kernel could not be looked at. */
export const unmeasured: AccountReport = {
  ...account,
  old: { generation: 8, listeners: null, deaths: 0 },
  new: { generation: 9, listeners: null, deaths: 0 },
  witness: null,
};

export const entry: HistoryEntry = {
  generation: 9,
  release: "/srv/web",
  version: "1.2.4",
  commit: null,
  origin: { kind: account.kind, asked: account.asked },
  from: account.startedAt,
  to: null,
  note: "active, has proved itself",
  end: "proved",
  returnable: false,
  rejected: false,
  wayBack: false,
  account,
};
