/** A service as the journal can know it. */
export interface Logger {
  readonly unit: string;
  /** Of its daemon; undefined where it does not run. */
  readonly uid: number | undefined;
}

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

/**
 * What journalctl(1) is given to show all that a generation's processes wrote: each has a stream of its own, which names it. journald finds the
 * unit by the process that wrote a line. Where that has ended before journald comes to read the line, its user alone is known.
 */
export function outputMatches(
  { unit, uid }: Logger,
  { name, id }: Pick<LoggedGeneration, "name" | "id">,
): readonly string[] {
  const identifier = `SYSLOG_IDENTIFIER=${name}/${id}`;
  const byUnit = [`_SYSTEMD_UNIT=${unit}`, identifier, "+", `_SYSTEMD_USER_UNIT=${unit}`, identifier];
  return uid === undefined ? byUnit : [...byUnit, "+", `_UID=${uid}`, identifier];
}

/**
 * The same with what the daemon says of it (HOLDFAST_GENERATION=), in its time: numbers come again when the state was lost. A unit alone has
 * what systemd says of it, too.
 */
export function journalMatches(logger: Logger, generation: LoggedGeneration | undefined): readonly string[] {
  const { unit } = logger;
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
    ...outputMatches(logger, generation),
  ];
}

/** The same for what the daemon says by itself. */
export function daemonMatches(unit: string): readonly string[] {
  const identifier = "SYSLOG_IDENTIFIER=holdfastd";
  return [`_SYSTEMD_UNIT=${unit}`, identifier, "+", `_SYSTEMD_USER_UNIT=${unit}`, identifier];
}
