import type { Sample } from "../web/feed.js";
import { requestsOf, thin } from "./samples.js";
import { hourMs } from "./seen.js";

const width = 120;
const height = 24;
/** Longer without a look is a gap. */
const gapMs = 60_000;

/** The last hour's requests per second, beside their figure: it says nothing that the figure's page does not say in words. */
export function Sparkline({ samples, now }: { readonly samples: readonly Sample[]; readonly now: number }) {
  const points = thin(samples, now - hourMs, now, width).flatMap((sample) => {
    const value = requestsOf(sample);
    return value === null ? [] : [{ at: sample.at, value }];
  });
  if (points.length < 2) return null;
  const most = Math.max(...points.map(({ value }) => value), 1);
  let before = Number.NEGATIVE_INFINITY;
  const path = points.map(({ at, value }) => {
    const x = (width * (at - now + hourMs)) / hourMs;
    const y = height - 1 - ((height - 2) * value) / most;
    const step = at - before > gapMs ? "M" : "L";
    before = at;
    return `${step}${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  return (
    <svg class="spark" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      <path d={path.join("")} vector-effect="non-scaling-stroke" />
    </svg>
  );
}
