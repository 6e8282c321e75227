import { messageOf } from "../../../src/lib/failure.js";
import { RawClient } from "../../unit/worker/carriers/http/raw-client.js";
import { createRandom, doSomethingHard } from "../../unit/worker/carriers/http/torture.js";
import type { TalkOptions } from "./talk-report.js";
import type { Talker, TalkTally } from "./talk-tally.js";

/**
 * A kept HTTP connection with test/apps/torture: pipelined requests, heads and bodies in bits, early answers, 100 Continue. What
 * it says are requests; each must be answered once, whole and in its turn.
 */
export class TortureTalker implements Talker {
  readonly room = "";
  readonly last = 0;
  readonly #name: string;
  readonly #port: number;
  readonly #tally: TalkTally;
  readonly #random: (below: number) => number;
  #client: RawClient | undefined;
  #said = 0;

  constructor(index: number, { address }: TalkOptions, tally: TalkTally) {
    this.#name = `http ${index}`;
    this.#port = Number(address.split(":")[1]);
    this.#tally = tally;
    this.#random = createRandom(index + 1);
  }

  get isOpen(): boolean {
    return this.#client !== undefined;
  }

  async open(): Promise<void> {
    this.#client = await RawClient.connect(this.#port);
    this.#tally.open();
  }

  async say(): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    try {
      await doSomethingHard({
        client,
        random: this.#random,
        path: (kind) => {
          this.#tally.say();
          return `${kind}${this.#name.replace(" ", "-")}-${++this.#said}`;
        },
        heard: ({ headers }) => this.#tally.answer(headers.get("x-version") ?? ""),
      });
      if (client.rest !== "") throw new Error(`nobody asked for ${JSON.stringify(client.rest)}`);
    } catch (error) {
      this.#tally.complain(`${this.#name}: ${messageOf(error)}`);
      if (client.ended) this.#tally.close();
      this.close();
    }
  }

  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }
}
