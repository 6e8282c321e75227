import winston from "winston";
import { FileTransport } from "./file-transport.js";
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

/** No line of it ends the process, whatever became of where it goes: when the reader of stderr is gone, what is said is lost. */
export function openLog({ file, journal }: LogOptions): Log {
  process.stderr.on("error", () => {});
  const files = file === undefined ? undefined : new FileTransport({ path: file, format: fileFormat });
  const transport = files ?? createTransport(journal);
  const logger = winston.createLogger({ levels, level: "info", transports: [transport] });
  return {
    write: ({ level, message, ...fields }) => void logger.log({ level, message, ...fields }),
    reopen: () => files?.reopen(),
  };
}

function createTransport(journal: LogOptions["journal"]): winston.transport {
  if (journal !== undefined) return new JournalTransport({ send: journal, priorities: levels });
  return new winston.transports.Console({ stderrLevels: Object.keys(levels), format: terminalFormat });
}

const terminalFormat = winston.format.combine(
  winston.format.timestamp({ format: "HH:mm:ss.SSS" }),
  winston.format.printf(({ level, message, timestamp }) => `${timestamp} ${level}: ${message}`),
);

const fileFormat = winston.format.combine(winston.format.timestamp(), winston.format.json());
