import { formatDuration } from "../lib/duration.js";
import type { ModelFailure } from "./failure.js";
import { activeGeneration } from "./find.js";
import { tallyUpgrade, tallyVerdict } from "./tally.js";
import { act, announce, type Turn, update } from "./turn.js";
import type { FinalVerdict, Outcome, Upgrade } from "./upgrade-state.js";

const outcomesKept = 8;

/** The upgrade has ended, well or not: whoever waits for it is told. */
export function conclude(turn: Turn, upgrade: Upgrade, failure: ModelFailure | null): void {
  const { id, kind, generation, asked, requestedAt } = upgrade;
  const tookMs = turn.clock.now - requestedAt;
  const active = activeGeneration(turn.state);
  const proved = failure === null && active?.id === generation && active?.proved;
  const verdict: FinalVerdict | null = proved ? { kind: "proved" } : null;
  const outcome: Outcome = {
    upgrade: id,
    kind,
    generation,
    failure,
    asked,
    endedAt: turn.clock.wall,
    tookMs,
    verdict,
  };
  update(turn, {
    upgrade: turn.state.upgrade?.id === id ? null : turn.state.upgrade,
    outcomes: [...turn.state.outcomes, outcome].slice(-outcomesKept),
  });
  tallyUpgrade(turn, kind, failure === null);
  if (verdict !== null) tallyVerdict(turn, verdict);
  act(turn, { type: "record", entry: { kind: "upgrade", outcome } });
  if (failure === null) {
    announce(turn, "info", "upgrade-done", `upgrade ${id} took ${formatDuration(tookMs)}`, { upgrade: id });
  } else {
    const rest = active === undefined ? "" : `; still serving generation ${active.id}`;
    announce(turn, "error", "upgrade-failed", `upgrade ${id} failed: ${failure.message}${rest}`, {
      upgrade: id,
    });
  }
}

/** What became of a generation after the upgrade that brought it had ended well; the first word counts. */
export function pronounce(turn: Turn, generation: number, verdict: FinalVerdict): void {
  const isMeant = (one: Outcome): boolean =>
    one.generation === generation && one.failure === null && one.verdict === null;
  const meant = turn.state.outcomes.find(isMeant);
  if (meant === undefined) return;
  update(turn, {
    outcomes: turn.state.outcomes.map((one) => (isMeant(one) ? { ...one, verdict } : one)),
  });
  tallyVerdict(turn, verdict);
  const { upgrade } = meant;
  const at = turn.clock.wall;
  act(turn, { type: "record", entry: { kind: "verdict", upgrade, generation, verdict, at } });
}
