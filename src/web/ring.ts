import { printable } from "../lib/printable.js";
import type { FeedMessage } from "./feed.js";

/**
 * The messages that were sent last, so that who has lost the connection misses none. An id is the boot of this process and a count.
 * What only tells of the present (`instances`) has an id, and is not kept: the newest one is all that anybody needs.
 */
export class Ring {
  readonly #boot: string;
  readonly #limitBytes: number;
  readonly #kept: { readonly id: number; readonly bytes: Buffer }[] = [];
  #keptBytes = 0;
  #last = 0;
  /** The newest that is not kept any more. */
  #lost = 0;

  constructor(boot: string, limitBytes = 4 * 1024 * 1024) {
    this.#boot = boot;
    this.#limitBytes = limitBytes;
  }

  /** The message as it is sent to everybody. */
  add(message: FeedMessage): Buffer {
    this.#last += 1;
    const bytes = encodeMessage(message, this.newest);
    if (message.type === "instances") return bytes;
    this.#kept.push({ id: this.#last, bytes });
    this.#keptBytes += bytes.length;
    while (this.#keptBytes > this.#limitBytes) {
      const oldest = this.#kept.shift();
      this.#keptBytes -= oldest?.bytes.length ?? this.#keptBytes;
      this.#lost = oldest?.id ?? this.#lost;
    }
    return bytes;
  }

  /** The id of the message that was added last. */
  get newest(): string {
    return `${this.#boot}-${this.#last}`;
  }

  /** What came after the message of that id; undefined where that is not known any more, or never was. */
  after(id: string): readonly Buffer[] | undefined {
    const [, boot, count = ""] = /^([0-9a-z]+)-(\d{1,15})$/.exec(id) ?? [];
    const known = Number(count);
    if (boot !== this.#boot || known > this.#last || known < this.#lost) return undefined;
    return this.#kept.filter((one) => one.id > known).map(({ bytes }) => bytes);
  }
}

/**
 * A server-sent event of a message. Without an id whoever loses the connection after it asks for what came after the last one that had one.
 * No text of an app's steers a terminal, or turns the direction of a line.
 */
export function encodeMessage(message: FeedMessage, id?: string): Buffer {
  return Buffer.from(`${id === undefined ? "" : `id: ${id}\n`}data: ${inertJson(message)}\n\n`);
}

/** JSON in which no string has anything that steers or cannot be seen. */
export function inertJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "string" ? printable(part) : part));
}
