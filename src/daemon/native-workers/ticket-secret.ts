import { randomBytes } from "node:crypto";
import { closeSync, constants, fstatSync, mkdirSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { errorCode, messageOf } from "../../lib/failure.js";
import { replaceFile } from "../../linux/replace-file.js";

/** How long one secret is used: so long can whoever steals it read recorded TLS 1.2 sessions that were resumed. */
export const ticketSecretLifeMs = 24 * 60 * 60 * 1000;

/** A secret, and when it was made as the clock of the file system tells. */
interface Dated {
  readonly value: Buffer;
  readonly madeAt: number;
}

const secretBytes = 48;

/**
 * What the workers of all generations derive their TLS ticket keys from. In a file, so that it outlives the daemon, and
 * never in a log. Without a file that can be trusted there is a new secret: clients then make one full handshake more. Its age is the
 * file's, so that it is renewed once a day however often the daemon is started.
 */
export class TicketSecret {
  readonly #directory: string;
  readonly #warn: (message: string) => void;
  #secret: Dated;
  #renewal: NodeJS.Timeout | undefined;

  constructor(directory: string, warn: (message: string) => void) {
    this.#directory = directory;
    this.#warn = warn;
    this.#secret = this.#read() ?? this.#create();
  }

  /** As channel messages carry it: base64. */
  get text(): string {
    return this.#secret.value.toString("base64");
  }

  /**
   * Has the secret told now, for a worker may know an earlier one, and again each time that it is renewed because its life is over, which may
   * be now.
   */
  follow(tell: () => void): void {
    if (restOf(this.#secret) === 0) this.#secret = this.#create();
    tell();
    this.#renewal = setTimeout(() => this.follow(tell), restOf(this.#secret));
  }

  /** Renews nothing any more. */
  stop(): void {
    clearTimeout(this.#renewal);
  }

  get #file(): string {
    return join(this.#directory, "tickets.key");
  }

  #read(): Dated | undefined {
    let fd: number;
    try {
      fd = openSync(this.#file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      if (errorCode(error) !== "ENOENT") this.#distrust(messageOf(error));
      return undefined;
    }
    try {
      const { uid, mode, mtimeMs } = fstatSync(fd);
      const bytes = Buffer.alloc(secretBytes + 1);
      if (uid !== process.geteuid?.()) this.#distrust(`it is owned by uid ${uid}`);
      else if ((mode & 0o077) !== 0) this.#distrust("others may read or write it");
      else if (readSync(fd, bytes) !== secretBytes) this.#distrust("it is damaged");
      else return { value: bytes.subarray(0, secretBytes), madeAt: Math.trunc(mtimeMs) };
    } catch (error) {
      this.#distrust(messageOf(error));
    } finally {
      closeSync(fd);
    }
    return undefined;
  }

  #distrust(why: string): void {
    this.#warn(`cannot use the TLS ticket keys in ${this.#file}: ${why}; there are new ones`);
  }

  /** Atomic. A secret that cannot be written down is good until the daemon ends. */
  #create(): Dated {
    const value = randomBytes(secretBytes);
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      replaceFile(this.#file, value);
    } catch (error) {
      this.#warn(`cannot write the TLS ticket keys to ${this.#file}: ${messageOf(error)}`);
    }
    return { value, madeAt: Date.now() };
  }
}

/** One from the future was made before the clock was set back: how old it is nobody knows, so its life is over. */
function restOf({ madeAt }: Dated): number {
  const ageMs = Date.now() - madeAt;
  return ageMs < 0 ? 0 : Math.max(0, ticketSecretLifeMs - ageMs);
}
