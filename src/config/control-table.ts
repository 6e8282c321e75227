import * as v from "valibot";
import type { ControlGroups } from "./config.js";
import { table, text } from "./values.js";

const group = v.pipe(
  text('"web-viewers"'),
  v.regex(/^[^\s:,]{1,64}$/, 'must be the name of one group, or its number in quotes; write "web-viewers"'),
);

export const controlEntries = { viewers: v.optional(group), operators: v.optional(group) };

/** Who is answered besides root and the service's own user. */
export const control = v.pipe(
  table('must be a table, as in viewers = "web-viewers" below [control]'),
  v.object(controlEntries),
  v.transform(({ viewers, operators }): ControlGroups => {
    return { viewers: viewers ?? null, operators: operators ?? null };
  }),
);
