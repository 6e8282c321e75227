import * as v from "valibot";

/** What is counted, and what things are numbered by: JSON keeps it as it is, and so do sums of it. */
export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** A number that JSON keeps: `Infinity` would be read again as null. */
export const finite = v.pipe(v.number(), v.finite());
