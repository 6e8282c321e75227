import TransportStream from "winston-transport";
import { encodeJournalEntry } from "./journal-entry.js";
import { messageIds } from "./message-ids.js";

export interface JournalTransportOptions {
  /** Gives an entry to journald; false when it could not be given at once. */
  readonly send: (entry: Buffer) => boolean;
  /** What a line of an unknown level counts as: sd-daemon(3). */
  readonly priorities: Readonly<Record<string, number>>;
}

const usualPriority = 6;

/** Each line with its fields, as HOLDFAST_EVENT and so on; what journald does not take goes to stderr, which it reads too. */
export class JournalTransport extends TransportStream {
  readonly #options: JournalTransportOptions;

  constructor(options: JournalTransportOptions) {
    super();
    this.#options = options;
  }

  override log(info: Readonly<Record<string, unknown>>, next: () => void): void {
    const { level, message, ...fields } = info;
    const priority = this.#options.priorities[String(level)] ?? usualPriority;
    if (!this.#options.send(encodeJournalEntry(toFields(priority, String(message), fields)))) {
      const lines = String(message).split("\n");
      process.stderr.write(`${lines.map((line) => `<${priority}>${line}`).join("\n")}\n`);
    }
    next();
  }
}

function toFields(
  priority: number,
  message: string,
  fields: Readonly<Record<string, unknown>>,
): Record<string, string | number> {
  const entry: Record<string, string | number> = {
    MESSAGE: message,
    PRIORITY: priority,
    SYSLOG_IDENTIFIER: "holdfastd",
  };
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === "string" || typeof value === "number")
      entry[`HOLDFAST_${name.toUpperCase()}`] = value;
  }
  const id = messageIds[String(fields["event"])];
  if (id !== undefined) entry["MESSAGE_ID"] = id;
  return entry;
}
