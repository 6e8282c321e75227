import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import * as v from "valibot";
import { WebSocket } from "ws";
import type { TalkOptions } from "./talk-report.js";
import type { Talker, TalkTally } from "./talk-tally.js";

const ROOMS = 10;
/** Between the two fragments of every second message. */
const FRAGMENT_PAUSE_MS = 15;

const heardSchema = v.object({
  number: v.number(),
  from: v.string(),
  n: v.number(),
  length: v.number(),
  sent: v.number(),
  version: v.string(),
});
type Heard = v.InferOutput<typeof heardSchema>;

/** A WebSocket with test/apps/chat that checks each sequence: what it says, what it is sent, what the room says. */
export class ChatTalker implements Talker {
  readonly room: string;
  readonly #name: string;
  readonly #options: TalkOptions;
  readonly #tally: TalkTally;
  readonly #ws: WebSocket;
  #said = 0;
  #answered = 0;
  #received = 0;
  #last = 0;
  #open = false;
  #wake: () => void = () => {};

  constructor(index: number, options: TalkOptions, tally: TalkTally) {
    this.#name = `c${index}`;
    // Nobody has been in this process's rooms before: their first number is 1.
    this.room = `/room-${process.pid}-${index % ROOMS}`;
    this.#options = options;
    this.#tally = tally;
    this.#ws = new WebSocket(`ws://${options.address}${this.room}`);
    this.#ws.on("message", (data) => this.#hear(v.parse(heardSchema, JSON.parse(data.toString()))));
    this.#ws.on("error", (error) => tally.complain(`${this.#name}: ${error.message}`));
    this.#ws.on("close", (code) => this.#lose(code));
  }

  get last(): number {
    return this.#last;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  async open(): Promise<void> {
    await once(this.#ws, "open");
    this.#open = true;
    this.#tally.open();
  }

  async say(): Promise<void> {
    const n = ++this.#said;
    this.#tally.say();
    const message = JSON.stringify({ from: this.#name, n, text: "x".repeat(lengthOf(n)) });
    if (n % 2 === 1) {
      const half = Math.floor(message.length / 2);
      this.#ws.send(message.slice(0, half), { fin: false });
      await pause(FRAGMENT_PAUSE_MS);
      if (!this.#open) return;
      this.#ws.send(message.slice(half));
    } else this.#ws.send(message);
    while (this.#open && this.#answered < n) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#open = false;
    this.#ws.terminate();
  }

  #hear({ number, from, n, length, sent, version }: Heard): void {
    this.#tally.hear();
    this.#expect("messages sent to it", sent, this.#received + 1);
    this.#received = sent;
    if (this.#options.numbered) this.#expect(`number in ${this.room}`, number, this.#last + 1);
    this.#last = number;
    if (from !== this.#name) return;
    this.#expect("its own message", n, this.#answered + 1);
    this.#expect("its own message's length", length, lengthOf(n));
    this.#answered = n;
    this.#tally.answer(version);
    this.#wake();
  }

  #lose(code: number): void {
    if (this.#open) {
      this.#tally.close();
      this.#tally.complain(`${this.#name}: closed with ${code}`);
    }
    this.#open = false;
    this.#wake();
  }

  #expect(what: string, seen: number, wanted: number): void {
    if (seen !== wanted) this.#tally.complain(`${this.#name}: ${what}: ${seen} instead of ${wanted}`);
  }
}

/** Frames with each of the three forms of length. */
function lengthOf(n: number): number {
  return n % 50 === 0 ? 70_000 : (n * 37) % 400;
}
