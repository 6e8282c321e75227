import * as v from "valibot";

const schema = v.object({
  /** What the worker says it is. */
  version: v.string(),
  /** `silent`: it serves but never says READY=1. */
  boot: v.optional(v.picklist(["good", "crash", "silent"]), "good"),
  /** What SIGTERM does; `shutdown`: it drains, and ends its last listener for all that share it; `stay`: it drains, and does not end. */
  term: v.optional(v.picklist(["drain", "ignore", "shutdown", "stay"]), "drain"),
  /** Which signal that is; any other one ends it at once. */
  signal: v.optional(v.picklist(["SIGTERM", "SIGQUIT"]), "SIGTERM"),
  /** What it answers to /healthz, and the file that a native one waits for before it does. */
  health: v.optional(v.number(), 200),
  gate: v.optional(v.string(), ""),
  /** What a native one speaks; with TLS by the `key.pem` and `cert.pem` of that directory. */
  protocol: v.optional(v.picklist(["http", "https", "h2c", "h2"]), "http"),
  certificates: v.optional(v.string(), ""),
  /** Of a native one's count; whether it can read that of another version, and whether it refuses it in any case. */
  stateVersion: v.optional(v.number(), 1),
  migrates: v.optional(v.boolean(), false),
  refuse: v.optional(v.boolean(), false),
  /** How long a native one takes to set its state, with its loop standing still. */
  restoreMs: v.optional(v.number(), 0),
  /** At which message a native one dies. */
  die: v.optional(v.object({ at: v.string(), when: v.picklist(["before", "after"]), nth: v.number() })),
});

export type Behaviour = v.InferInput<typeof schema>;

export function parseBehaviour(json: string): v.InferOutput<typeof schema> {
  return v.parse(v.pipe(v.string(), v.parseJson(), schema), json);
}
