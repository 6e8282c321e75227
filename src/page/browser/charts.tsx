import { formatDuration } from "../../lib/duration.js";
import type { GenerationSample, Sample } from "../../web/feed.js";
import { colourOf, formatCount, formatRate } from "../figures.js";
import { generationsOf, thin } from "../samples.js";
import { hourMs } from "../seen.js";
import { Chart, type Line } from "./chart.js";

/** As many points as a chart can show. */
const columns = 600;

/** The last hour in small charts: a line a generation, in its colour, or a line a listener. */
export function Charts({ samples, now }: { readonly samples: readonly Sample[]; readonly now: number }) {
  const from = Math.max(now - hourMs, samples[0]?.at ?? now);
  const shown = thin(samples, from, now, columns);
  if (shown.length < 2) return null;
  const times = shown.map(({ at }) => at / 1000);
  const generations = generationsOf(shown);
  const byGeneration = (value: (one: GenerationSample) => number | null): readonly Line[] =>
    generations.map((id) => ({
      name: `generation ${id}`,
      look: colourOf(id),
      values: shown.map((sample) => {
        const one = sample.generations.find(({ generation }) => generation === id);
        return one === undefined ? null : value(one);
      }),
    }));
  const listeners = [...new Set(shown.flatMap((sample) => sample.listeners.map(({ listener }) => listener)))];
  const backlog = listeners.map(
    (name, index): Line => ({
      name,
      look: `g${index % 4}`,
      values: shown.map(
        (sample) => sample.listeners.find(({ listener }) => listener === name)?.queued ?? null,
      ),
    }),
  );
  const lag: Line = { name: "slowest worker", look: "ink", values: shown.map(({ lagMs }) => lagMs) };
  return (
    <div class="charts">
      <Chart
        title="Requests/s"
        times={times}
        lines={byGeneration(({ requests }) => requests)}
        format={formatRate}
      />
      <Chart
        title="Failed/s"
        times={times}
        lines={byGeneration(({ failed }) => failed)}
        format={formatRate}
      />
      <Chart title="Waiting to be accepted" times={times} lines={backlog} format={formatCount} step={1} />
      <Chart title="Event-loop lag" times={times} lines={[lag]} format={formatDuration} />
    </div>
  );
}
