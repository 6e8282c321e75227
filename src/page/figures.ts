import type { GenerationReport, WorkerReport } from "../control/replies.js";
import { type CounterName, type GaugeName, sumOver } from "../lib/counters.js";
import { formatDuration } from "../lib/duration.js";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const dayMs = 86_400_000;

/** How figures are written for people. Null, not measured, is whoever asks's to show. */
export function formatCount(value: number): string {
  return whole.format(value);
}

/** Of something a second. */
export function formatRate(value: number): string {
  return value >= 10 || value === 0 ? whole.format(value) : value.toFixed(1);
}

/** How long ago or for how long; what is longer than a minute is not told to the second. */
export function formatAge(ms: number): string {
  if (ms >= 2 * dayMs) return `${Math.floor(ms / dayMs)} days`;
  if (ms >= 3_600_000) return formatDuration(ms);
  if (ms >= 60_000) return `${Math.floor(ms / 60_000)} min`;
  return `${Math.max(0, Math.floor(ms / 1000))} s`;
}

/** Of a worker that counts; null: it does not. */
export function countOf({ native, servers }: WorkerReport, name: CounterName | GaugeName): number | null {
  return native ? sumOver(servers, name) : null;
}

/** Open connections of all of a generation's workers; null: none of them counts. */
export function openOf({ workers }: GenerationReport): number | null {
  const counted = workers.filter(({ native }) => native);
  return counted.length === 0
    ? null
    : counted.reduce((sum, { servers }) => sum + sumOver(servers, "open"), 0);
}

/** By which a generation is recognised all over the page. */
export function colourOf(generation: number): string {
  return `g${generation % 4}`;
}
