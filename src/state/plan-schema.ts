import * as v from "valibot";
import { drainSignals } from "../lib/drain-signals.js";
import { count, finite } from "../lib/numbers.js";
import { unjudged } from "../model/plan.js";

const text = v.string();
const argv = v.pipe(v.array(text), v.minLength(1));

const rule = v.variant("when", [
  v.object({ when: v.picklist(["notify", "accepts"]) }),
  v.object({ when: v.literal("command"), command: argv }),
  v.object({ when: v.literal("after"), afterMs: finite }),
]);

const judges = v.object({
  deaths: v.boolean(),
  accepts: v.boolean(),
  errors: v.nullable(finite),
  slowMs: v.nullable(finite),
  health: v.nullable(
    v.object({
      http: text,
      status: count,
      everyMs: finite,
      timeoutMs: finite,
      failures: count,
    }),
  ),
  command: v.nullable(v.object({ argv, everyMs: finite, timeoutMs: finite })),
});

const hooks = v.object({
  upgraded: v.exactOptional(argv),
  "upgrade-failed": v.exactOptional(argv),
  proved: v.exactOptional(argv),
  rejected: v.exactOptional(argv),
  "rolled-back": v.exactOptional(argv),
});

/** Valibot's record leaves out names like `constructor`, and a variable may be called so. */
const environment = v.custom<Readonly<Record<string, string>>>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((one) => typeof one === "string"),
);

/** What is optional here is not in format 1, whose generations ran in the release itself. */
const plan = v.object({
  command: argv,
  release: text,
  snapshot: v.optional(v.boolean(), false),
  shared: v.optional(v.array(text), () => []),
  writable: v.optional(v.array(text), () => []),
  keep: v.optional(v.pipe(count, v.minValue(1)), 3),
  workers: v.pipe(count, v.minValue(1)),
  strategy: v.picklist(["overlap", "exclusive"]),
  environment,
  check: v.nullable(argv),
  ready: v.object({ rule, timeoutMs: finite }),
  warm: v.optional(v.array(text), () => []),
  verify: v.nullable(v.object({ http: text, status: count, timeoutMs: finite })),
  drain: v.object({
    timeoutMs: finite,
    killMs: finite,
    signal: v.optional(v.picklist(drainSignals), "SIGTERM"),
  }),
  trial: v.optional(v.object({ timeMs: finite, share: v.nullable(finite) }), () => unjudged.trial),
  probation: v.optional(v.object({ timeMs: finite }), () => unjudged.probation),
  judge: v.optional(judges, () => unjudged.judge),
  rollback: v.optional(v.object({ loseState: v.boolean() }), () => unjudged.rollback),
  hooks: v.optional(hooks, () => unjudged.hooks),
});

const address = v.variant("kind", [
  v.object({
    kind: v.picklist(["tcp", "udp"]),
    family: v.picklist([4, 6]),
    host: text,
    port: count,
    device: v.exactOptional(text),
  }),
  v.object({ kind: v.literal("unix"), path: text }),
]);

/** What a generation was made by, as the config of its time said it. */
export const specification = v.object({
  plan,
  listeners: v.nullable(
    v.array(
      v.object({
        name: text,
        address: v.nullable(address),
        backlog: v.nullable(count),
        mode: v.nullable(count),
      }),
    ),
  ),
});
