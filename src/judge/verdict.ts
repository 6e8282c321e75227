/**
 * What a judge has to say at the moment. It is asked again as often as one likes; the first `bad` counts. A version that no judge
 * has called bad by the end of its trial or probation is good.
 */
export type Verdict =
  /** `why` is for people and has the numbers in it: "41 of 52 responses failed (78.8 %), …". */
  { readonly verdict: "bad"; readonly why: string } | { readonly verdict: "undecided" };

export const undecided = { verdict: "undecided" } as const;
