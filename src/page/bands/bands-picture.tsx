import type { AccountReport } from "../../lib/account.js";
import type { Sample } from "../../web/feed.js";
import { colourOf, formatAge, formatCount } from "../figures.js";
import { sayAccount } from "../in-words.js";
import { openIn } from "../samples.js";
import { sumOf } from "../upgrade/flow.js";
import { Clock, Generation } from "../words.js";
import { bandsHeight, drawBands } from "./bands.js";

/** Generations as bands over time. */
export function BandsPicture({
  title,
  samples,
  from,
  to,
  versions,
  accounts,
}: {
  readonly title: string;
  readonly samples: readonly Sample[];
  readonly from: number;
  readonly to: number;
  readonly versions: ReadonlyMap<number, string | null>;
  /** Of the upgrades; those in that time are marked. */
  readonly accounts: readonly AccountReport[];
}) {
  const { bands, most } = drawBands(samples, from, to);
  const last = samples.at(-1);
  const open = last === undefined ? null : openIn(last);
  const now = open === null ? "Connections are not measured." : `${formatCount(open)} open at the end.`;
  const ids = bands.map(({ generation }) => generation).join(", ");
  const shown = accounts.filter(({ startedAt }) => startedAt >= from && startedAt <= to);
  const x = (at: number): number => Math.round((1000 * (at - from)) / (to - from));
  const adopted = (generation: number): number => {
    const side = accounts.find((one) => one.new?.generation === generation)?.new ?? null;
    return side === null ? 0 : (sumOf(side, "adopted") ?? 0);
  };
  return (
    <figure class="bands">
      <figcaption>
        <b>{title}</b>
        <span>
          {most === null ? "connections are not measured" : `open connections, at most ${formatCount(most)}`}
        </span>
      </figcaption>
      <svg
        viewBox={`0 0 1000 ${bandsHeight}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${title}, over ${formatAge(to - from)}: generations ${ids}. ${tell(shown)} ${now}`}
      >
        {bands.map(({ generation, path }) => (
          <path
            key={generation}
            class={`band ${colourOf(generation)}`}
            d={path}
            vector-effect="non-scaling-stroke"
          />
        ))}
        {shown.map((account) => (
          <line
            key={account.upgrade}
            class={`upgraded ${sayAccount(account).tone}`}
            x1={x(account.startedAt)}
            x2={x(account.startedAt)}
            y2={bandsHeight}
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
            {adopted(generation) > 0 && `took over ${formatCount(adopted(generation))}`}
          </li>
        ))}
      </ul>
    </figure>
  );
}

function tell(accounts: readonly AccountReport[]): string {
  return accounts.map((one) => `${one.kind} ${one.upgrade}: ${sayAccount(one).word}.`).join(" ");
}
