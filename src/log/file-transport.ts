import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import TransportStream, { type TransportStreamOptions } from "winston-transport";

export interface FileTransportOptions extends TransportStreamOptions {
  readonly path: string;
}

/** The formatted line: https://github.com/winstonjs/triple-beam */
const formatted: unique symbol = Symbol.for("message");

/**
 * Lines at the end of a file, each in it before the program goes on: the last one tells why it ends. What the file does not take (a full disk, a
 * directory that is gone) goes to stderr, and the next line tries again.
 */
export class FileTransport extends TransportStream {
  readonly #path: string;
  #fd: number | undefined;

  constructor({ path, ...options }: FileTransportOptions) {
    super(options);
    this.#path = path;
  }

  override log(info: { readonly [formatted]?: unknown }, next: () => void): void {
    const line = `${info[formatted]}\n`;
    try {
      this.#fd ??= this.#open();
      writeSync(this.#fd, line);
    } catch {
      this.#close();
      process.stderr.write(line);
    }
    next();
  }

  /** From now on lines go to the file that has the name then. */
  reopen(): void {
    this.#close();
    try {
      this.#fd = this.#open();
    } catch {
      // The next line tries again, and says so on stderr.
    }
  }

  #close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #open(): number {
    mkdirSync(dirname(this.#path), { recursive: true });
    return openSync(this.#path, "a");
  }
}
