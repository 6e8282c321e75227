import { messageOf } from "../../lib/failure.js";
import type { Event } from "../../model/event.js";
import { activeGeneration } from "../../model/find.js";
import type { Generation } from "../../model/generation-state.js";
import type { State } from "../../model/state.js";
import { watchAccepts } from "./accepts.js";
import { watchCommand } from "./command.js";
import type { Courtroom } from "./courtroom.js";
import { watchHealth } from "./health.js";

export interface JudgeWatchOptions extends Omit<Courtroom, "generation" | "phase" | "signal" | "condemn"> {
  readonly push: (event: Event) => void;
}

/**
 * Looks at the world for the judges, as long as a generation is on trial or on probation, and not a moment longer. Deaths and what
 * workers count are judged by the model itself; what only the world tells becomes the event `judged-bad`.
 */
export class JudgeWatch {
  readonly #options: JudgeWatchOptions;
  /** The generation and the phase that is looked at. */
  #watched: string | undefined;
  #end = new AbortController();

  constructor(options: JudgeWatchOptions) {
    this.#options = options;
  }

  /** Begins, goes on or ends, as the state wants it. */
  follow(state: State): void {
    const active = activeGeneration(state);
    const phase = active === undefined ? undefined : phaseOf(active);
    const wanted = active === undefined || phase === undefined ? undefined : `${active.id} ${phase}`;
    if (wanted === this.#watched) return;
    this.stop();
    this.#watched = wanted;
    if (active !== undefined && phase !== undefined) this.#begin(active, phase);
  }

  stop(): void {
    this.#watched = undefined;
    this.#end.abort();
  }

  #begin(generation: Generation, phase: Courtroom["phase"]): void {
    const { push, warn } = this.#options;
    this.#end = new AbortController();
    const { signal } = this.#end;
    const room: Courtroom = {
      ...this.#options,
      generation,
      phase,
      signal,
      condemn: (why) => {
        if (!signal.aborted) push({ type: "judged-bad", generation: generation.id, why });
      },
    };
    const { judge } = generation.specification.plan;
    const looks: Promise<void>[] = [];
    if (judge.accepts) looks.push(watchAccepts(room));
    if (judge.health !== null) looks.push(watchHealth(room, judge.health));
    if (judge.command !== null) looks.push(watchCommand(room, judge.command));
    for (const look of looks) {
      // A judge that cannot look holds nothing against anybody.
      look.catch((error: unknown) => {
        if (!signal.aborted) warn(`a judge of generation ${generation.id} has given up: ${messageOf(error)}`);
      });
    }
  }
}

function phaseOf({ stage }: Generation): Courtroom["phase"] | undefined {
  const kind = stage.phase === "active" ? stage.proof.kind : undefined;
  return kind === "trial" || kind === "probation" ? kind : undefined;
}
