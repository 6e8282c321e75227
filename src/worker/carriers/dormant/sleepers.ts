import type { Server } from "node:net";
import { type FailureOf, messageOf } from "../../../lib/failure.js";
import type { Frozen, Meta } from "../carrier.js";
import { bareConnection, isBare } from "./bare-connection.js";
import { DormantSet } from "./dormant-set.js";

export interface SleepersOptions {
  /** Makes an object of one, which its server counts already, that the app attaches its listeners to; throws when the app refuses it, which closes it. */
  readonly open: (frozen: Frozen) => void;
  readonly report: (failure: FailureOf<"worker">) => void;
  /** One is not among them any more. */
  readonly onChange: () => void;
}

/** Connections of an app whose `restore` may wait until the client speaks or ends. One that moves on keeps what the app has saved of it. */
export class Sleepers {
  readonly #options: SleepersOptions;
  readonly #set: DormantSet<Meta>;

  constructor(server: Server | undefined, options: SleepersOptions) {
    this.#options = options;
    this.#set = new DormantSet(server, (fd, meta) => this.#wake(fd, meta));
  }

  get size(): number {
    return this.#set.size;
  }

  /** Takes one over that owes nobody anything. False for any other, and where it cannot be watched. */
  keep(frozen: Frozen): boolean {
    return isBare(frozen) && this.#set.add(frozen.fd, frozen.meta);
  }

  /** As they are. */
  freeze(limit: number): Frozen[] {
    return this.#set.take(limit).map(({ fd, what }) => bareConnection(fd, what));
  }

  /** To be told something they need an object. */
  wakeAll(): void {
    this.#set.wakeAll();
  }

  /** Closes all of them; returns how many. */
  close(): number {
    return this.#set.close();
  }

  #wake(fd: number, meta: Meta): void {
    try {
      this.#options.open(bareConnection(fd, meta));
    } catch (error) {
      this.#options.report({ reason: "restore-failed", message: messageOf(error) });
    }
    this.#options.onChange();
  }
}
