import type { Exposition } from "../control/port.js";

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly value: number;
  readonly labels: Labels;
  /** Of a histogram's parts. */
  readonly suffix?: "_bucket" | "_sum" | "_count";
}

/** All samples of one name; without any it is not told. */
export interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** What differs between the two formats that scrapers read. */
interface Format {
  readonly mediaType: string;
  /** The name of a family, where that is not the name of its samples. */
  readonly nameOf: (family: Family) => string;
  readonly end: string;
}

/** Prometheus's own, version 0.0.4, which every scraper reads. */
const plain: Format = {
  mediaType: "text/plain; version=0.0.4; charset=utf-8",
  nameOf: ({ name }) => name,
  end: "",
};

const openMetrics: Format = {
  mediaType: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  nameOf: ({ name, type }) => (type === "counter" ? name.replace(/_total$/, "") : name),
  end: "# EOF\n",
};

/** Families as text, in OpenMetrics for those who ask for it. `common`: labels of each sample. */
export function expose(families: readonly Family[], common: Labels): Exposition {
  const told = families.filter(({ samples }) => samples.length > 0);
  return (accept = "") => {
    const format = accept.includes("application/openmetrics-text") ? openMetrics : plain;
    const text = told.map((family) => formatFamily(family, common, format)).join("");
    return { mediaType: format.mediaType, text: text + format.end };
  };
}

function formatFamily(family: Family, common: Labels, { nameOf }: Format): string {
  const { name, type, help, samples } = family;
  const lines = samples.map(
    ({ value, labels, suffix = "" }) =>
      `${name}${suffix}${formatLabels({ ...common, ...labels })} ${formatValue(value)}\n`,
  );
  const head = nameOf(family);
  return `# HELP ${head} ${escapeText(help)}\n# TYPE ${head} ${type}\n${lines.join("")}`;
}

function formatLabels(labels: Labels): string {
  const parts = Object.entries(labels).map(
    ([label, value]) => `${label}="${escapeText(value).replaceAll('"', '\\"')}"`,
  );
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}

function escapeText(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function formatValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
