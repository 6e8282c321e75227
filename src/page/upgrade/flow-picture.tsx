import { colourOf, formatCount } from "../figures.js";
import { Generation } from "../words.js";
import { drawFlow, type Flow, type Stretch } from "./flow.js";

const barHeight = 26;
const gap = 74;

/** Connections as they pass from the old process to the new one: two bars at one scale, and the ribbon of what has moved between them. */
export function FlowPicture({
  flow,
  versions,
  moving,
}: {
  readonly flow: Flow;
  readonly versions: ReadonlyMap<number, string | null>;
  /** Whether they pass now. */
  readonly moving: boolean;
}) {
  const { old, new: next } = flow;
  const picture = drawFlow(flow);
  const bottom = barHeight + gap;
  const [before, after] = [colourOf(old.generation), colourOf(next.generation)];
  return (
    <figure class="flow">
      <p class="end">
        <Generation id={old.generation} version={versions.get(old.generation) ?? null} />
        <b>{formatCount(old.open)} open</b>
      </p>
      <svg
        viewBox={`0 0 1000 ${bottom + barHeight}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={tell(flow)}
      >
        <Bar stretch={picture.oldMoved} y={0} look={`${before} gone`} />
        <Bar stretch={picture.oldEnded} y={0} look="ended" />
        <path class={`ribbon ${after}`} d={ribbon(picture.oldMoved, picture.newAdopted)} />
        <path
          class={`stream ${moving && old.moved > 0 ? after : "still"}`}
          d={strands(picture.oldMoved, picture.newAdopted)}
          vector-effect="non-scaling-stroke"
        />
        <Bar stretch={picture.oldOpen} y={0} look={before} />
        <Bar stretch={picture.newOwn} y={bottom} look={after} />
        <Bar stretch={picture.newAdopted} y={bottom} look={`${after} adopted`} />
      </svg>
      <p class="end">
        <Generation id={next.generation} version={versions.get(next.generation) ?? null} />
        <span>
          {next.adopted > 0 && next.adopted <= next.open && `${formatCount(next.adopted)} taken over of `}
          <b>{formatCount(next.open)} open</b>
        </span>
      </p>
      <figcaption>
        <b>{formatCount(old.moved)}</b> moved from the old to the new process,{" "}
        <b>{formatCount(old.finished)}</b> ended by themselves,{" "}
        <b class={old.cut > 0 ? "bad" : undefined}>{formatCount(old.cut)}</b> cut
      </figcaption>
    </figure>
  );
}

function Bar({ stretch, y, look }: { readonly stretch: Stretch; readonly y: number; readonly look: string }) {
  return (
    <rect class={`bar ${look}`} x={stretch.from} y={y} width={stretch.to - stretch.from} height={barHeight} />
  );
}

/** From one stretch of the upper bar to one of the lower bar; of the same commands whatever they are, so that it can be moved. */
function ribbon(from: Stretch, to: Stretch): string {
  const bottom = barHeight + gap;
  const half = barHeight + gap / 2;
  return (
    `M${from.from} ${barHeight}C${from.from} ${half} ${to.from} ${half} ${to.from} ${bottom}` +
    `H${to.to}C${to.to} ${half} ${from.to} ${half} ${from.to} ${barHeight}Z`
  );
}

/** Lines along the ribbon, on which one sees which way it goes. */
function strands(from: Stretch, to: Stretch): string {
  const half = barHeight + gap / 2;
  const lines = [0.1, 0.3, 0.5, 0.7, 0.9].map((share) => {
    const [x, toX] = [within(from, share), within(to, share)];
    return `M${x} ${barHeight}C${x} ${half} ${toX} ${half} ${toX} ${barHeight + gap}`;
  });
  return lines.join("");
}

function within({ from, to }: Stretch, share: number): number {
  return Math.round(from + share * (to - from));
}

function tell({ old, new: next }: Flow): string {
  return (
    `Generation ${old.generation} has ${formatCount(old.open)} connections open and has moved ${formatCount(old.moved)}. ` +
    `Generation ${next.generation} has ${formatCount(next.open)} open and has taken over ${formatCount(next.adopted)}.`
  );
}
