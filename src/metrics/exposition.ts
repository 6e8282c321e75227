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

/** Media type of what `formatFamilies` writes. */
export const expositionType = "text/plain; version=0.0.4; charset=utf-8";

/** Prometheus's text format, version 0.0.4, which is what every scraper reads. `common`: labels of each sample. */
export function formatFamilies(families: readonly Family[], common: Labels): string {
  const told = families.filter(({ samples }) => samples.length > 0);
  return told.map((family) => formatFamily(family, common)).join("");
}

function formatFamily({ name, type, help, samples }: Family, common: Labels): string {
  const lines = samples.map(
    ({ value, labels, suffix = "" }) =>
      `${name}${suffix}${formatLabels({ ...common, ...labels })} ${formatValue(value)}\n`,
  );
  return `# HELP ${name} ${escapeText(help)}\n# TYPE ${name} ${type}\n${lines.join("")}`;
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
