import type { Sample } from "../../web/feed.js";
import { generationsOf, thin } from "../samples.js";

export interface Band {
  readonly generation: number;
  /** Of an SVG whose width is 1000 and whose height is `bandsHeight`. */
  readonly path: string;
}

export interface Bands {
  readonly bands: readonly Band[];
  /** The most connections open at once; null: nobody counts them, and a band is as high as any other. */
  readonly most: number | null;
}

export const bandsHeight = 200;
const columns = 300;
/** Of a generation that does not count, in a moment: whoever stands by is a thin one. */
const uncounted: Readonly<Record<string, number>> = { candidate: 0.15, draining: 0.4 };

/**
 * The generations one upon the other, each as high as its connections are many: in a hand-over one narrows as the next one widens. Where no
 * generation counts connections the bands show which ones there were.
 */
export function drawBands(samples: readonly Sample[], from: number, to: number): Bands {
  const shown = thin(samples, from, to, columns);
  const counts = shown.some(({ generations }) => generations.some(({ open }) => open !== null));
  const heights = shown.map(({ generations }) => {
    const heightOf = (open: number | null, phase: string): number =>
      counts ? (open ?? 0) : (uncounted[phase] ?? 1);
    return new Map(generations.map(({ generation, open, phase }) => [generation, heightOf(open, phase)]));
  });
  const totals = heights.map((one) => [...one.values()].reduce((sum, height) => sum + height, 0));
  const most = Math.max(0, ...totals);
  const x = (at: number): string => ((1000 * (at - from)) / (to - from)).toFixed(1);
  const y = (height: number): string =>
    (bandsHeight - (bandsHeight * height) / Math.max(most, 1e-9)).toFixed(1);
  const below = shown.map(() => 0);
  const bands = generationsOf(shown).map((generation): Band => {
    const upper: string[] = [];
    const lower: string[] = [];
    for (const [index, { at }] of shown.entries()) {
      const foot = below[index] ?? 0;
      const head = foot + (heights[index]?.get(generation) ?? 0);
      below[index] = head;
      upper.push(`${x(at)} ${y(head)}`);
      lower.unshift(`${x(at)} ${y(foot)}`);
    }
    return { generation, path: `M${[...upper, ...lower].join("L")}Z` };
  });
  return { bands, most: counts ? most : null };
}
