import { once } from "node:events";
import net from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { TalkOptions } from "./talk-report.js";
import type { Talker, TalkTally } from "./talk-tally.js";

const LINES_AT_ONCE = 3;
/** Between two parts of a line. */
const PART_PAUSE_MS = 3;

/** A TCP connection with test/apps/lines: each line must come back once, whole, in its turn, with its number. */
export class LineTalker implements Talker {
  readonly room = "";
  readonly last = 0;
  readonly #name: string;
  readonly #tally: TalkTally;
  readonly #socket: net.Socket;
  readonly #outstanding: string[] = [];
  #said = 0;
  #answered = 0;
  #rest = "";
  #open = false;
  #wake: () => void = () => {};

  constructor(index: number, { address }: TalkOptions, tally: TalkTally) {
    this.#name = `line ${index}`;
    this.#tally = tally;
    const [host = "", port] = address.split(":");
    this.#socket = net.connect(Number(port), host).setNoDelay(true).setEncoding("utf8");
    this.#socket.on("data", (text: string) => this.#receive(text));
    this.#socket.on("error", (error) => tally.complain(`${this.#name}: ${error.message}`));
    this.#socket.on("close", () => this.#lose());
  }

  get isOpen(): boolean {
    return this.#open;
  }

  async open(): Promise<void> {
    await once(this.#socket, "connect");
    this.#open = true;
    this.#tally.open();
  }

  async say(): Promise<void> {
    const lines = Array.from({ length: 1 + (this.#said % LINES_AT_ONCE) }, () => this.#nextLine());
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
    // Cuts fall into lines and into characters.
    const size = 1 + ((this.#said * 31) % 90);
    for (let at = 0; at < bytes.length && this.#open; at += size) {
      this.#socket.write(bytes.subarray(at, at + size));
      await pause(PART_PAUSE_MS);
    }
    while (this.#open && this.#outstanding.length > 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#open = false;
    this.#socket.destroy();
  }

  #nextLine(): string {
    const line = `größe€😀 ${++this.#said} ${"x".repeat((this.#said * 37) % 120)}`;
    this.#tally.say();
    this.#outstanding.push(line);
    return line;
  }

  #receive(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#hear(line);
    if (this.#outstanding.length === 0) this.#wake();
  }

  #hear(line: string): void {
    this.#tally.hear();
    const [, count, version = "", echo] = /^(\d+) (\S+) (.*)$/.exec(line) ?? [];
    const wanted = this.#outstanding.shift();
    if (Number(count) !== ++this.#answered || echo !== wanted) {
      this.#tally.complain(`${this.#name}: ${line} instead of ${this.#answered} ${wanted}`);
    }
    this.#tally.answer(version);
  }

  #lose(): void {
    if (this.#open) {
      this.#tally.close();
      this.#tally.complain(`${this.#name}: closed`);
    }
    this.#open = false;
    this.#wake();
  }
}
