import type { Family, Labels, Sample } from "./exposition.js";

/** A metric and where its samples come from. Of what is not known it has none. */
export interface Metric<Source> extends Omit<Family, "samples"> {
  readonly read: (source: Source) => readonly Sample[];
}

export function gauge<Source>(
  name: string,
  help: string,
  read: (source: Source) => readonly Sample[],
): Metric<Source> {
  return { name, type: "gauge", help, read };
}

export function counter<Source>(
  name: string,
  help: string,
  read: (source: Source) => readonly Sample[],
): Metric<Source> {
  return { name, type: "counter", help, read };
}

export function readMetrics<Source>(metrics: readonly Metric<Source>[], source: Source): readonly Family[] {
  return metrics.map(({ name, type, help, read }) => ({ name, type, help, samples: read(source) }));
}

/** One sample, or none of what is not known. */
export function sample(value: number | boolean | null | undefined, labels: Labels = {}): readonly Sample[] {
  return value === null || value === undefined ? [] : [{ value: Number(value), labels }];
}

/** One sample for each of what can be, with 1 at what is. */
export function oneOf<Name extends string>(
  label: string,
  names: readonly Name[],
  is: Name | null | undefined,
): readonly Sample[] {
  return is === null || is === undefined
    ? []
    : names.flatMap((name) => sample(name === is, { [label]: name }));
}

export function seconds(milliseconds: number | null | undefined): number | null {
  return milliseconds === null || milliseconds === undefined ? null : milliseconds / 1000;
}
