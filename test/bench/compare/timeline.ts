/** From and to, in ms from the upgrade. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What one system answered. All times count from its upgrade. */
export interface Lane {
  readonly name: string;
  /** By version, and by the number of the bucket (0 begins with the upgrade, -1 ends with it): how many responses. */
  readonly counts: ReadonlyMap<string, ReadonlyMap<number, number>>;
  /** Without any response but those that are slow by themselves. */
  readonly gaps: readonly Span[];
  readonly lostAtMs: readonly number[];
  readonly oldGoneAtMs: number | null;
  /** Until when it was looked at. */
  readonly endedAtMs: number;
}

export interface Timeline extends Span {
  readonly title: string;
  readonly bucketMs: number;
  /** In the order of their colours; responses of others are not drawn. */
  readonly versions: readonly string[];
  readonly lanes: readonly Lane[];
}

const WIDTH = 960;
const LEFT = 180;
const RIGHT = 16;
const TOP = 64;
const LANE = 64;
const BARS = 48;
const BOTTOM = 24;

const STYLE = `
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.small { font-size: 11px; fill: #59636e }
.back { fill: #ffffff }
.axis { stroke: #59636e; fill: none }
.old { fill: #8c959f }
.new { fill: #1f883d }
.gap { fill: #ffd8d3 }
.lost { stroke: #cf222e; stroke-width: 2; fill: none }
.gone { stroke: #8250df; stroke-dasharray: 3 3; fill: none }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.small { fill: #9198a1 }
.back { fill: #0d1117 }
.axis { stroke: #9198a1 }
.old { fill: #6e7681 }
.new { fill: #3fb950 }
.gap { fill: #6b1d1a }
.lost { stroke: #ff7b72 }
.gone { stroke: #bc8cff }
}
`;
const COLOURS = ["old", "new"] as const;

/**
 * An SVG that needs no script and no other file: a lane for each system, in it the responses of each bucket of time by version
 * on a scale that all lanes share, gaps as bands over the lane, lost requests as strokes below it. Its line ends where nobody looked any more.
 */
export function drawTimeline(timeline: Timeline): string {
  const height = TOP + timeline.lanes.length * LANE + BOTTOM;
  const most = Math.max(1, ...timeline.lanes.map((lane) => highestOf(lane, timeline)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeXml(timeline.title)}">`,
    `<style>${STYLE}</style>`,
    `<rect class="back" width="${WIDTH}" height="${height}"/>`,
    `<text x="16" y="24">${escapeXml(timeline.title)}</text>`,
    drawLegend(timeline, most),
    ...timeline.lanes.map((lane, at) => drawLane(lane, timeline, TOP + at * LANE + BARS, most)),
    drawAxis(timeline, height - BOTTOM),
    "</svg>\n",
  ].join("\n");
}

/** Text and attribute values: what would be markup there. */
export function escapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
  };
  return text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? character);
}

function highestOf(lane: Lane, timeline: Timeline): number {
  return Math.max(0, ...bucketsOf(timeline).map((bucket) => sumOf(lane, timeline.versions, bucket)));
}

function sumOf({ counts }: Lane, versions: readonly string[], bucket: number): number {
  return versions.reduce((sum, version) => sum + (counts.get(version)?.get(bucket) ?? 0), 0);
}

function bucketsOf({ fromMs, toMs, bucketMs }: Timeline): number[] {
  const first = Math.floor(fromMs / bucketMs);
  return Array.from({ length: Math.ceil(toMs / bucketMs) - first }, (_, at) => first + at);
}

/** Whatever lies outside of the timeline is drawn at its edge. */
function placeX({ fromMs, toMs }: Timeline, atMs: number): number {
  const share = (Math.min(Math.max(atMs, fromMs), toMs) - fromMs) / (toMs - fromMs);
  return round(LEFT + share * (WIDTH - LEFT - RIGHT));
}

function drawLane(lane: Lane, timeline: Timeline, base: number, most: number): string {
  const { versions } = timeline;
  const x = (atMs: number) => placeX(timeline, atMs);
  const inSight = ({ fromMs, toMs }: Span) => toMs > timeline.fromMs && fromMs < timeline.toMs;
  const gaps = lane.gaps.filter(inSight).map(({ fromMs, toMs }) => {
    const width = Math.max(1, round(x(toMs) - x(fromMs)));
    return `<rect class="gap" x="${x(fromMs)}" y="${base - BARS}" width="${width}" height="${BARS}"><title>${Math.round(toMs - fromMs)} ms without a response</title></rect>`;
  });
  const bars = versions.map((version, at) => {
    const path = bucketsOf(timeline).map((bucket) => {
      const count = lane.counts.get(version)?.get(bucket) ?? 0;
      if (count === 0) return "";
      const below = sumOf(lane, versions.slice(0, at), bucket);
      const [from, to] = [bucket * timeline.bucketMs, (bucket + 1) * timeline.bucketMs];
      const [bottom, high] = [round(base - (below / most) * BARS), round((count / most) * BARS)];
      const wide = round(x(to) - x(from));
      return `M${x(from)} ${bottom}v-${high}h${wide}v${high}z`;
    });
    return `<path class="${COLOURS[at] ?? "new"}" d="${path.join("")}"/>`;
  });
  const lost = lane.lostAtMs.map((atMs) => `M${x(atMs)} ${base + 2}v6`);
  const gone = lane.oldGoneAtMs === null ? "" : `M${x(lane.oldGoneAtMs)} ${base - BARS}v${BARS}`;
  return [
    `<text x="16" y="${base - 4}">${escapeXml(lane.name)}</text>`,
    ...gaps,
    ...bars,
    `<path class="lost" d="${lost.join("")}"/>`,
    `<path class="gone" d="${gone}"/>`,
    `<path class="axis" d="M${LEFT} ${base}H${x(lane.endedAtMs)}"/>`,
  ].join("\n");
}

function drawLegend({ versions, bucketMs }: Timeline, most: number): string {
  const keys = [
    ...versions.map((version, at) => [COLOURS[at] ?? "new", `responses of ${version}`] as const),
    ["gap", "gap"] as const,
  ];
  const boxes = keys.map(
    ([colour, text], at) =>
      `<rect class="${colour}" x="${LEFT + at * 130}" y="36" width="10" height="10"/>` +
      `<text class="small" x="${LEFT + at * 130 + 15}" y="45">${escapeXml(text)}</text>`,
  );
  const x = LEFT + keys.length * 130 - 60;
  return [
    ...boxes,
    `<path class="lost" d="M${x} 38v6"/><text class="small" x="${x + 6}" y="45">lost request</text>`,
    `<path class="gone" d="M${x + 90} 34v12"/><text class="small" x="${x + 96}" y="45">old processes gone</text>`,
    `<text class="small" x="${WIDTH - RIGHT}" y="45" text-anchor="end">full height: ${most} in ${bucketMs} ms</text>`,
  ].join("\n");
}

function drawAxis(timeline: Timeline, y: number): string {
  const first = Math.ceil(timeline.fromMs / 1000);
  const seconds = Array.from({ length: Math.floor(timeline.toMs / 1000) - first + 1 }, (_, at) => first + at);
  const texts = seconds.map((second) => {
    const text = second === 0 ? "upgrade" : `${second} s`;
    return `<text class="small" x="${placeX(timeline, second * 1000)}" y="${y + 12}" text-anchor="middle">${text}</text>`;
  });
  return [`<path class="axis" d="M${placeX(timeline, 0)} ${TOP}V${y}"/>`, ...texts].join("\n");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
