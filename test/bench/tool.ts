import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import type { Container } from "../harness/container/container.js";
import { HarnessError } from "../harness/harness-error.js";

const ANSWER_DEADLINE_MS = 180_000;

/**
 * A program below this directory that works in the container's network. It prints one line of JSON when it is at work and one for
 * each line that it reads, and ends with its standard input.
 */
export class Tool<Answer> implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #schema: v.GenericSchema<unknown, Answer>;

  private constructor(
    child: ChildProcess,
    lines: AsyncIterator<string>,
    schema: v.GenericSchema<unknown, Answer>,
  ) {
    this.#child = child;
    this.#lines = lines;
    this.#schema = schema;
  }

  /** Returns when it is at work. */
  static async start<Answer>(
    { pid }: Container,
    name: string,
    schema: v.GenericSchema<unknown, Answer>,
    ...args: string[]
  ): Promise<Tool<Answer>> {
    const program = fileURLToPath(new URL(`${name}.js`, import.meta.url));
    const enter = ["--target", String(pid), "--net", "--", process.execPath, program, ...args];
    const child = spawn("nsenter", enter, { stdio: ["pipe", "pipe", "inherit"] });
    child.stdin.on("error", () => {}); // it may have ended by itself
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const tool = new Tool(child, lines, schema);
    await tool.#next().catch(async (cause: unknown) => {
      await tool[Symbol.asyncDispose]();
      throw cause;
    });
    return tool;
  }

  /** The word is for one that knows it. */
  ask(word = ""): Promise<Answer> {
    this.#child.stdin?.write(`${word}\n`);
    return this.#next();
  }

  async #next(): Promise<Answer> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), ANSWER_DEADLINE_MS);
    const { done, value } = await this.#lines.next();
    clearTimeout(timer);
    if (done) throw new HarnessError("tool", "cannot measure: a program of the benchmark ended or hung");
    return v.parse(v.pipe(v.string(), v.parseJson(), this.#schema), value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }
}
