import winston from "winston";
import { JournalTransport } from "./journal-transport.js";

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
  /** The way to the journal, where stderr is the journal too: gives it an entry, and tells whether it was taken. */
  readonly journal: ((entry: Buffer) => boolean) | undefined;
}

const levels = { error: 3, warning: 4, info: 6, debug: 7 };

export function openLog({ file, journal }: LogOptions): Log {
  const create = (): winston.transport => {
    if (file !== undefined) return new winston.transports.File({ filename: file, format: fileFormat });
    if (journal !== undefined) return new JournalTransport({ send: journal, priorities: levels });
    return new winston.transports.Console({ stderrLevels: Object.keys(levels), format: terminalFormat });
  };
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

const terminalFormat = winston.format.combine(
  winston.format.timestamp({ format: "HH:mm:ss.SSS" }),
  winston.format.printf(({ level, message, timestamp }) => `${timestamp} ${level}: ${message}`),
);

const fileFormat = winston.format.combine(winston.format.timestamp(), winston.format.json());
