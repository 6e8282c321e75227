/** A generation as the journal can know it. */
export interface LoggedGeneration {
  readonly id: number;
  /** Milliseconds since the epoch. */
  readonly from: number;
  /** Null as long as it is there. */
  readonly to: number | null;
  /** Its workers, and what they have started. */
  readonly pids: readonly number[];
}

/**
 * Arguments of journalctl(1): of a generation what the daemon says of it (HOLDFAST_GENERATION=) and what its processes print, in its time,
 * for pids come again. A unit alone has what systemd says of it, too.
 */
export function journalMatches(unit: string, generation: LoggedGeneration | undefined): readonly string[] {
  if (generation === undefined) return ["-u", unit];
  const { id, from, to, pids } = generation;
  const ofUnit = `_SYSTEMD_UNIT=${unit}`;
  const processes = pids.length === 0 ? [] : ["+", ofUnit, ...pids.map((pid) => `_PID=${pid}`)];
  const until = to === null ? [] : ["--until", `@${Math.ceil(to / 1000) + 1}`];
  return [
    "--since",
    `@${Math.floor(from / 1000)}`,
    ...until,
    ofUnit,
    `HOLDFAST_GENERATION=${id}`,
    ...processes,
  ];
}

/** The pids in what `journalctl -o json` has printed, a line an entry. */
export function readPids(output: string): readonly number[] {
  const found = output.split("\n").flatMap((line) => /"HOLDFAST_PID":"(\d+)"/.exec(line)?.[1] ?? []);
  return [...new Set(found.map(Number))];
}
