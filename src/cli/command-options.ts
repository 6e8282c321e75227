export interface CommandOption {
  readonly short?: string;
  /** What stands for its value in a text; one without takes none. */
  readonly value?: string;
  readonly completes?: "instance" | "file" | "directory";
  /** May be given several times. */
  readonly multiple?: true;
  /** Every command takes it. */
  readonly general?: true;
  readonly summary: string;
  /** What the help text adds to the summary. */
  readonly detail?: string;
}

const rows = {
  name: {
    short: "n",
    value: "NAME",
    completes: "instance",
    general: true,
    summary: "the instance",
    detail: "; not needed where only one runs",
  },
  socket: {
    value: "PATH",
    completes: "file",
    general: true,
    summary: "its control socket",
    detail: ", wherever it is",
  },
  json: {
    summary: "for programs",
    detail:
      ": one JSON text (list, status, history, doctor) or one a line (events, and what waits for an upgrade)",
  },
  quiet: { short: "q", summary: "say nothing but why it failed" },
  watch: { short: "w", summary: "live, on the whole terminal", detail: ", until q" },
  timeout: {
    value: "TIME",
    summary: "wait no longer than this",
    detail: ", as in 30s or 1m 30s; what was asked for goes on",
  },
  "no-wait": { summary: "ask, and do not wait for the end" },
  hold: { summary: "the old generation serves on until commit or rollback" },
  stage: { summary: "the new generation stands by until commit or rollback" },
  force: { summary: "also a version that was judged bad" },
  message: {
    short: "m",
    value: "TEXT",
    summary: "why, for the history",
    detail: "; else what $HOLDFAST_MESSAGE says",
  },
  proved: { summary: "wait until the new generation has proved itself, or has not" },
  since: {
    value: "TIME",
    summary: "first what has happened since then",
    detail: ", from the journal: 1h, 10min, 2026-01-31 12:00, or as journalctl has it",
  },
  follow: { short: "f", summary: "go on as more is logged" },
  listen: {
    value: "[NAME=]ADDRESS",
    multiple: true,
    summary: "where it listens",
    detail: ": 127.0.0.1:8080, [::]:8080, unix:/run/web.sock, udp:127.0.0.1:53; may be repeated. NAME: http",
  },
  release: {
    value: "DIR",
    completes: "directory",
    summary: "the directory of the code",
    detail: "; the present one unless given",
  },
  shared: {
    value: "PATH",
    multiple: true,
    summary: "what the app writes in the release",
    detail: ", relative to it; may be repeated",
  },
  config: {
    value: "FILE",
    completes: "file",
    summary: "a config that is to be put in place",
    detail: ", looked at instead of the one that is there",
  },
  workers: { value: "N", summary: "how many processes, or auto", detail: ": one per core" },
  "no-socket": { summary: "no socket unit: the daemon listens by itself" },
  help: { short: "h", general: true, summary: "what there is" },
  version: { short: "V", general: true, summary: "the version" },
} satisfies Record<string, CommandOption>;

export type OptionName = keyof typeof rows;

/** Every option, in the order of the help text. */
export const commandOptions: Readonly<Record<OptionName, CommandOption>> = rows;

export const optionNames: readonly OptionName[] = Object.keys(rows).filter(
  (name): name is OptionName => name in rows,
);

/** Those that every command takes. */
export const generalOptions: readonly OptionName[] = optionNames.filter(
  (name) => commandOptions[name].general,
);
