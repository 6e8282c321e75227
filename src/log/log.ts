import winston from "winston";

/** A line of the log: what happened, under a stable `event` name, with fields. */
export interface LogLine {
  readonly level: "debug" | "info" | "warning" | "error";
  readonly event: string;
  readonly message: string;
  readonly [field: string]: string | number | undefined;
}

export interface Log {
  write(line: LogLine): void;
  /** Opens the log file anew after logrotate(8) moved it; nothing to do for the journal or a terminal. */
  reopen(): void;
}

export interface LogOptions {
  /** Instead of stderr. */
  readonly file: string | undefined;
  /** stderr is the journal: lines begin with their priority as in sd-daemon(3). */
  readonly journal: boolean;
}

const levels = { error: 3, warning: 4, info: 6, debug: 7 };

export function openLog({ file, journal }: LogOptions): Log {
  const create = (): winston.transport =>
    file === undefined
      ? new winston.transports.Console({
          stderrLevels: Object.keys(levels),
          format: journal ? journalFormat : terminalFormat,
        })
      : new winston.transports.File({ filename: file, format: fileFormat });
  let transport = create();
  const logger = winston.createLogger({ levels, level: "info", transports: [transport] });
  return {
    write: ({ level, message, ...fields }) => void logger.log({ level, message, ...fields }),
    reopen: () => {
      if (file === undefined) return;
      const old = transport;
      transport = create();
      logger.add(transport);
      logger.remove(old);
    },
  };
}

const priorities = new Map(Object.entries(levels));

const journalFormat = winston.format.printf(({ level, message }) => {
  return String(message)
    .split("\n")
    .map((line) => `<${priorities.get(level) ?? 6}>${line}`)
    .join("\n");
});

const terminalFormat = winston.format.combine(
  winston.format.timestamp({ format: "HH:mm:ss.SSS" }),
  winston.format.printf(({ level, message, timestamp }) => `${timestamp} ${level}: ${message}`),
);

const fileFormat = winston.format.combine(winston.format.timestamp(), winston.format.json());
