import { failedIn, nothingCounted, responsesIn } from "../lib/counters.js";
import type { Monotonic } from "./clock.js";
import { generationTotals } from "./counters.js";
import type { Generation, Track } from "./generation-state.js";
import type { State } from "./state.js";

/** What the generation has shown of itself until now. */
export function trackOf(state: State, generation: Generation, now: Monotonic): Track {
  const { id, specification, servesSince, deaths, probationDeaths } = generation;
  const counted = generationTotals(state, id) ?? nothingCounted;
  return {
    generation: id,
    workers: specification.plan.workers,
    servedMs: servesSince === null ? 0 : now - servesSince,
    deaths,
    probationDeaths,
    responses: responsesIn(counted),
    failed: failedIn(counted),
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
