import { generationTotals } from "./counters.js";
import type { Generation, Monotonic, State, Track } from "./state.js";
import { nothing } from "./totals.js";

/** What the generation has shown of itself until now. */
export function trackOf(state: State, generation: Generation, now: Monotonic): Track {
  const { id, specification, servesSince, deaths, probationDeaths } = generation;
  const { responses, failed } = generationTotals(state, id) ?? nothing;
  return {
    generation: id,
    workers: specification.plan.workers,
    servedMs: servesSince === null ? 0 : now - servesSince,
    deaths,
    probationDeaths,
    responses,
    failed,
  };
}

/** What came to it after `earlier`. */
export function since(track: Track, earlier: Track): Track {
  return {
    ...track,
    servedMs: track.servedMs - earlier.servedMs,
    deaths: track.deaths - earlier.deaths,
    responses: track.responses - earlier.responses,
    failed: track.failed - earlier.failed,
  };
}
