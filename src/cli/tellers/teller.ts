import type { News } from "../../model/event.js";
import type { Outcome } from "../../model/upgrade-state.js";

/** Tells whoever waits for an upgrade how it goes. A failure is nobody's here: the command ends with it. */
export interface Teller {
  readonly accepted: (upgrade: number) => void;
  readonly news: (news: News) => void;
  /** For people. */
  readonly say: (text: string) => void;
  /** The upgrade has ended, and how has not been said yet. */
  readonly ended: () => Promise<void>;
  /** It has been said: what there is to tell besides. Null where the daemon knows no outcome. */
  readonly conclude: (outcome: Outcome | null) => Promise<void>;
  /** Nothing is told any more. */
  readonly leave: () => void;
}

const nothing = (): void => {};
const atOnce = async (): Promise<void> => {};
export const silent: Teller = {
  accepted: nothing,
  news: nothing,
  say: nothing,
  ended: atOnce,
  conclude: atOnce,
  leave: nothing,
};

/** Told by the last line, which comes from the outcome. */
const leftToTheOutcome: ReadonlySet<string> = new Set([
  "check-output",
  "generation-active",
  "generation-proved",
  "generation-rejected",
  "staged",
  "upgrade-done",
  "upgrade-failed",
]);

export function tellNews({ event, message }: News, tell: (text: string) => void): void {
  if (!leftToTheOutcome.has(event)) tell(message);
}
