/** A generation as the journal can know it. */
export interface LoggedGeneration {
  /** Of the service. */
  readonly name: string;
  readonly id: number;
  /** Milliseconds since the epoch. */
  readonly from: number;
  /** Null as long as it is there. */
  readonly to: number | null;
}

/** What journalctl(1) is given to show all that a generation's processes wrote: each has a stream of its own, which names it. */
export function outputMatches(
  unit: string,
  { name, id }: Pick<LoggedGeneration, "name" | "id">,
): readonly string[] {
  const identifier = `SYSLOG_IDENTIFIER=${name}/${id}`;
  return [`_SYSTEMD_UNIT=${unit}`, identifier, "+", `_SYSTEMD_USER_UNIT=${unit}`, identifier];
}

/**
 * The same with what the daemon says of it (HOLDFAST_GENERATION=), in its time: numbers come again when the state was lost. A unit alone has
 * what systemd says of it, too.
 */
export function journalMatches(unit: string, generation: LoggedGeneration | undefined): readonly string[] {
  if (generation === undefined) return ["-u", unit];
  const { id, from, to } = generation;
  const until = to === null ? [] : ["--until", `@${Math.ceil(to / 1000) + 1}`];
  return [
    "--since",
    `@${Math.floor(from / 1000)}`,
    ...until,
    `_SYSTEMD_UNIT=${unit}`,
    `HOLDFAST_GENERATION=${id}`,
    "+",
    ...outputMatches(unit, generation),
  ];
}

/** The same for what the daemon says by itself. */
export function daemonMatches(unit: string): readonly string[] {
  const identifier = "SYSLOG_IDENTIFIER=holdfastd";
  return [`_SYSTEMD_UNIT=${unit}`, identifier, "+", `_SYSTEMD_USER_UNIT=${unit}`, identifier];
}
