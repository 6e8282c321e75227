import * as v from "valibot";
import type { HookEvent, Hooks } from "../model/plan.js";
import { argv, table } from "./values.js";

const hook = v.exactOptional(argv('["/usr/local/bin/page-me"]'));

export const hooksEntries = {
  upgraded: hook,
  "upgrade-failed": hook,
  proved: hook,
  rejected: hook,
  "rolled-back": hook,
} satisfies Record<HookEvent, unknown>;

/** What is run when something has happened, by what it is. */
export const hooks = v.pipe(
  table('must be a table, as in rolled-back = ["/usr/local/bin/page-me"] below [hooks]'),
  v.object(hooksEntries),
) satisfies v.GenericSchema<unknown, Hooks>;
