import * as v from "valibot";
import { count, finite } from "../lib/numbers.js";
import { phaseNames } from "../lib/phases.js";
import type { Account } from "../model/account-state.js";
import type { Tally } from "../model/tally.js";
import { asked, failure, kind, listenerTotals, verdict } from "./upgrade-schema.js";

const phaseName = v.picklist(phaseNames);

const progress = v.object({ listeners: v.nullable(v.array(listenerTotals)), deaths: count });
const side = { generation: count, end: v.nullable(progress) };
const span = v.nullable(v.object({ first: count, last: count }));

export const account = v.object({
  upgrade: count,
  kind,
  asked,
  startedAt: finite,
  requestedAt: finite,
  phases: v.array(v.object({ phase: phaseName, since: finite, until: v.nullable(finite) })),
  old: v.nullable(v.object({ ...side, before: progress })),
  new: v.nullable(v.object(side)),
  witness: v.nullable(
    v.object({
      overflows: span,
      drops: span,
      backlogs: v.array(v.object({ listener: v.string(), queued: count, limit: count })),
      stillMs: v.nullable(finite),
    }),
  ),
  result: v.nullable(v.object({ failure: v.nullable(failure) })),
  verdict: v.nullable(verdict),
}) satisfies v.GenericSchema<unknown, Account>;

export const tally = v.object({
  upgrades: v.array(v.object({ kind, done: count, failed: count })),
  verdicts: v.object({ proved: count, rejected: count, replaced: count }),
  phases: v.array(v.object({ phase: phaseName, counts: v.array(count), sumMs: count })),
  deaths: count,
  lastDoneAt: v.nullable(finite),
}) satisfies v.GenericSchema<unknown, Tally>;
