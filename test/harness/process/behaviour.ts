import * as v from "valibot";

const schema = v.object({
  /** What the worker says it is. */
  version: v.string(),
  /** `silent`: it serves but never says READY=1. */
  boot: v.optional(v.picklist(["good", "crash", "silent"]), "good"),
  /** What SIGTERM does. */
  term: v.optional(v.picklist(["drain", "ignore"]), "drain"),
});

export type Behaviour = v.InferInput<typeof schema>;

export function parseBehaviour(json: string): v.InferOutput<typeof schema> {
  return v.parse(v.pipe(v.string(), v.parseJson(), schema), json);
}
