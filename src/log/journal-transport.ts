import TransportStream from "winston-transport";
import { tellStderr } from "./stderr.js";

/**
 * MESSAGE_ID of the events that the journal explains (`journalctl -x`): journald's catalogue is packaging/journal/holdfast.catalog.
 * An id is for ever: other programs wait for it. systemd.journal-fields(7).
 */
export const messageIds: Readonly<Record<string, string>> = {
  "generation-active": "4de0de9572b74f70b1f1e117eccfe9ee",
  "upgrade-done": "26b030b3726d4f03a712eccd7a6cb703",
  "upgrade-failed": "e8cf43ad78ad488fb42e2e9c435c6932",
  "worker-crashed": "9d5c8d0c965d4db084f8443ecdb3e915",
  "worker-overdue": "fa12b9ebeb90482ea880cc046506d9f9",
  "drain-overdue": "b0d85e093f4c4395a6119acd3341334e",
  "drain-killed": "23c70ae1924943b79a8865730c5f2bcd",
  recovered: "22457575ff824abe80ff48160d81e437",
  trial: "60dce4c5a152476a8745aafec902e717",
  "generation-proved": "e53085cc32764b2992657d249b9262b1",
  "generation-rejected": "1e26951404974e128c4afbc5fb430c98",
  "staged-ended": "0294ed0f0a994ed4aa7a37615ba37fbc",
  drained: "f79a3585d3e742c6b0ca0d33860b85aa",
  "start-waits": "64678ddfe9a845d0aa4c2eeb1293b725",
  "listener-down": "36f572b641124232b42c149e10c5b8ca",
};

export interface JournalTransportOptions {
  /** Gives an entry to journald; false when it could not be given at once. */
  readonly send: (entry: Buffer) => boolean;
  /** What a line of an unknown level counts as: sd-daemon(3). */
  readonly priorities: Readonly<Record<string, number>>;
}

const usualPriority = 6;
const newline = Buffer.from("\n");

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
      tellStderr(`${lines.map((line) => `<${priority}>${line}`).join("\n")}\n`);
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

/**
 * An entry for journald's own socket, which knows fields where stderr knows only lines. Values of several lines are
 * sent with their length. Names must be fit for the journal: systemd.journal-fields(7); https://systemd.io/JOURNAL_NATIVE_PROTOCOL
 */
function encodeJournalEntry(fields: Readonly<Record<string, string | number>>): Buffer {
  const parts = Object.entries(fields).map(([name, value]) => {
    const text = Buffer.from(String(value));
    if (!text.includes("\n")) return Buffer.concat([Buffer.from(`${name}=`), text, newline]);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    return Buffer.concat([Buffer.from(`${name}\n`), length, text, newline]);
  });
  return Buffer.concat(parts);
}
