import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { Clock } from "../words.js";

export interface Line {
  readonly name: string;
  /** The colour's name in the style sheet. */
  readonly look: string;
  readonly values: readonly (number | null)[];
}

export interface ChartProps {
  readonly title: string;
  /** Seconds since the epoch. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  /** Between two lines of the axis at least; left out: whatever fits. */
  readonly step?: number;
}

const height = 110;

/** A small chart with its title and what it says at the pointer, or now. */
export function Chart({ title, times, lines, format, step }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [pointed, point] = useState<number | null>(null);
  const measured = lines.filter(({ values }) => values.some((value) => value !== null));
  const kinds = measured.map(({ name, look }) => `${name} ${look}`).join();

  useEffect(() => {
    const element = place.current;
    if (element === null || measured.length === 0) return;
    const made = new uPlot(
      optionsFor(measured, element.clientWidth, format, step, point),
      dataOf(times, measured),
      element,
    );
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const repaint = (): void => made.redraw(false);
    scheme.addEventListener("change", repaint);
    return () => {
      scheme.removeEventListener("change", repaint);
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [kinds]);

  useEffect(() => plot.current?.setData(dataOf(times, measured)));

  const at = pointed ?? times.length - 1;
  const said = measured.flatMap(({ name, values }) => {
    const value = values[at] ?? null;
    return value === null ? [] : [measured.length === 1 ? format(value) : `${name}: ${format(value)}`];
  });
  const most = Math.max(...measured.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const time = times[at];
  return (
    <figure class="chart">
      <figcaption>
        <b>{title}</b> {measured.length === 0 ? "not measured" : said.join(", ") || "–"}
        {pointed !== null && time !== undefined && (
          <>
            {" "}
            at <Clock at={time * 1000} />
          </>
        )}
        {measured.length > 0 && <span class="heard">, at most {format(most)} in the last hour</span>}
      </figcaption>
      {measured.length > 0 && <div class="plot" ref={place} aria-hidden="true" />}
    </figure>
  );
}

function dataOf(times: readonly number[], lines: readonly Line[]): uPlot.AlignedData {
  return [[...times], ...lines.map(({ values }) => [...values])];
}

/** The value of a custom property, as it is now: light or dark. */
function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function optionsFor(
  lines: readonly Line[],
  width: number,
  format: (value: number) => string,
  step: number | undefined,
  point: (index: number | null) => void,
): uPlot.Options {
  const axis = {
    stroke: () => colour("muted"),
    grid: { stroke: () => colour("line"), width: 1 },
    ticks: { show: false },
    font: "12px system-ui, sans-serif",
  };
  return {
    width,
    height,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false }, sync: { key: "hour" } },
    scales: { y: { range: (_, __, most) => [0, Math.max(1, 1.1 * (most ?? 0))] } },
    axes: [
      {
        ...axis,
        size: 22,
        space: 70,
        values: (_, splits, __, ___, gap) => splits.map((at) => timeOfDay(at, gap < 60)),
      },
      {
        ...axis,
        size: 48,
        space: 30,
        values: (_, splits) => splits.map(format),
        ...(step !== undefined && { incrs: stepsFrom(step) }),
      },
    ],
    series: [
      {},
      ...lines.map(({ name, look }) => ({
        label: name,
        stroke: () => colour(look),
        width: 1.5,
        points: { show: false },
      })),
    ],
    hooks: { setCursor: [({ cursor }) => point(cursor.idx ?? null)] },
  };
}

function stepsFrom(step: number): number[] {
  return [1, 10, 100, 1_000, 10_000].flatMap((power) => [step * power, 2 * step * power, 5 * step * power]);
}

function timeOfDay(seconds: number, exact: boolean): string {
  const date = new Date(seconds * 1000);
  const two = (part: number): string => String(part).padStart(2, "0");
  const minutes = `${date.getHours()}:${two(date.getMinutes())}`;
  return exact ? `${minutes}:${two(date.getSeconds())}` : minutes;
}
