import type { Sample } from "../../web/feed.js";
import { colourOf, formatAge, formatCount } from "../figures.js";
import { openIn } from "../samples.js";
import { Clock, Generation } from "../words.js";
import { bandsHeight, drawBands } from "./bands.js";

/** Generations as bands over time. */
export function BandsPicture({
  title,
  samples,
  from,
  to,
  versions,
}: {
  readonly title: string;
  readonly samples: readonly Sample[];
  readonly from: number;
  readonly to: number;
  readonly versions: ReadonlyMap<number, string | null>;
}) {
  const { bands, most } = drawBands(samples, from, to);
  const last = samples.at(-1);
  const open = last === undefined ? null : openIn(last);
  const now = open === null ? "Connections are not measured." : `${formatCount(open)} open at the end.`;
  const ids = bands.map(({ generation }) => generation).join(", ");
  return (
    <figure class="bands">
      <figcaption>
        <b>{title}</b>
        <span>{most === null ? "connections not measured" : `at most ${formatCount(most)}`}</span>
      </figcaption>
      <svg
        viewBox={`0 0 1000 ${bandsHeight}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${title}, over ${formatAge(to - from)}: generations ${ids}. ${now}`}
      >
        {bands.map(({ generation, path }) => (
          <path
            key={generation}
            class={`band ${colourOf(generation)}`}
            d={path}
            vector-effect="non-scaling-stroke"
          />
        ))}
      </svg>
      <p class="axis" aria-hidden="true">
        <Clock at={from} />
        <Clock at={to} />
      </p>
      <ul class="legend">
        {bands.map(({ generation }) => (
          <li key={generation}>
            <Generation id={generation} version={versions.get(generation) ?? null} />
          </li>
        ))}
      </ul>
    </figure>
  );
}
