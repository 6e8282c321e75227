import { createSocket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import type { TalkOptions } from "./talk-report.js";
import type { Talker, TalkTally } from "./talk-tally.js";

const ANSWER_MS = 10_000;
/** Leaves the other talkers their share of the loop. */
const BREATH_MS = 2;

/** A UDP client of test/apps/torture: each datagram must be answered, and once. */
export class DatagramTalker implements Talker {
  readonly room = "";
  readonly last = 0;
  readonly #name: string;
  readonly #port: number;
  readonly #tally: TalkTally;
  readonly #socket = createSocket("udp4");
  #said = 0;
  #answered = 0;
  #open = false;

  constructor(index: number, { address }: TalkOptions, tally: TalkTally) {
    this.#name = `udp ${index}`;
    this.#port = Number(address.split(":")[1]);
    this.#tally = tally;
    this.#socket.on("message", (bytes) => this.#hear(bytes.toString()));
    this.#socket.on("error", ({ message }) => tally.complain(`${this.#name}: ${message}`));
  }

  get isOpen(): boolean {
    return this.#open;
  }

  async open(): Promise<void> {
    this.#socket.bind(0, "127.0.0.1");
    await once(this.#socket, "listening");
    this.#open = true;
    this.#tally.open();
  }

  async say(): Promise<void> {
    this.#tally.say();
    const answer = once(this.#socket, "message", { signal: AbortSignal.timeout(ANSWER_MS) });
    this.#socket.send(`${++this.#said}`, this.#port, "127.0.0.1");
    try {
      await answer;
      await pause(BREATH_MS);
    } catch {
      this.#tally.complain(`${this.#name}: no answer to datagram ${this.#said}`);
      this.close();
    }
  }

  close(): void {
    if (this.#open) this.#socket.close();
    this.#open = false;
  }

  #hear(text: string): void {
    this.#tally.hear();
    const [number, version = ""] = text.split(" ");
    if (Number(number) !== ++this.#answered) {
      this.#tally.complain(`${this.#name}: ${text} instead of ${this.#answered}`);
    }
    this.#tally.answer(version);
  }
}
