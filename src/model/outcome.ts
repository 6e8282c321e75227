import { formatDuration } from "../lib/duration.js";
import type { ModelFailure } from "./failure.js";
import { activeGeneration } from "./find.js";
import type { Generation } from "./generation-state.js";
import { tallyUpgrade, tallyVerdict } from "./tally.js";
import { act, announce, type Turn, update } from "./turn.js";
import type { FinalVerdict, Outcome, Upgrade } from "./upgrade-state.js";

const outcomesKept = 8;

/** The upgrade has ended, well or not: whoever waits for it is told. */
export function conclude(turn: Turn, upgrade: Upgrade, failure: ModelFailure | null): void {
  const { id, kind, generation, asked, requestedAt } = upgrade;
  const tookMs = turn.clock.now - requestedAt;
  const active = activeGeneration(turn.state);
  const verdict = failure === null && active?.id === generation ? verdictOn(active) : null;
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

function verdictOn(active: Generation | undefined): FinalVerdict | null {
  if (active?.stage.phase !== "active") return null;
  const { proof } = active.stage;
  switch (proof.kind) {
    case "trial":
    case "probation":
      return null;
    case "proved":
      return { kind: "proved" };
    case "rejected":
      return { kind: "rejected", failure: proof.failure };
    default:
      return proof satisfies never;
  }
}

/** Whether it is yet to be told what becomes of its generation. */
function awaitsVerdict({ generation, failure, verdict }: Outcome): boolean {
  return generation !== null && failure === null && verdict === null;
}

/** What became of a generation after the upgrade that brought it had ended well; the first word counts. */
export function pronounce(turn: Turn, generation: number, verdict: FinalVerdict): void {
  const isMeant = (one: Outcome): boolean => one.generation === generation && awaitsVerdict(one);
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

/** None of the generations goes on. */
export function endVerdicts(outcomes: readonly Outcome[]): readonly Outcome[] {
  return outcomes.map((one) => (awaitsVerdict(one) ? { ...one, verdict: { kind: "replaced" } } : one));
}
