import { readFileSync } from "node:fs";
import * as v from "valibot";
import type { Container } from "../../harness/container/container.js";
import { Tool } from "../tool.js";

/** Of a process that holds them: one has a minute to make its own, while each of them wakes all workers. */
const MOST_EACH = 5_000;
const FDS = /^Max open files\s+\d+\s+(\d+)/m;

/** What hold-connections tells. */
export const heldSchema = v.object({
  open: v.number(),
  residentBytes: v.number(),
  firstMs: v.optional(v.number()),
  againMs: v.optional(v.number()),
});

type Holder = Tool<v.InferOutput<typeof heldSchema>>;

/** Idle kept connections, in as many processes and from as many addresses of the loopback as it takes. */
export class HeldConnections implements AsyncDisposable {
  readonly #holders: Holder[] = [];

  private constructor() {}

  static async hold(container: Container, address: string, count: number): Promise<HeldConnections> {
    const connections = new HeldConnections();
    const holders = connections.#holders;
    try {
      for (let held = 0; held < count; held += MOST_EACH) {
        const [more, from] = [Math.min(MOST_EACH, count - held), `127.0.0.${holders.length + 1}`];
        holders.push(
          await Tool.start(container, "hold-connections", heldSchema, address, String(more), from),
        );
      }
      return connections;
    } catch (cause) {
      await connections[Symbol.asyncDispose]();
      throw cause;
    }
  }

  async countOpen(): Promise<number> {
    const answers = await Promise.all(this.#holders.map((holder) => holder.ask()));
    return answers.reduce((sum, { open }) => sum + open, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#holders.map((holder) => holder[Symbol.asyncDispose]()));
  }
}

/**
 * A process may not have more files open than its machine allows: one worker, or else so many that none is full, although those
 * that share a listener get very unequal parts (a quarter of all for one of ten was seen).
 */
export function workersFor(connections: number): number {
  const most = Number(FDS.exec(readFileSync("/proc/self/limits", "ascii"))?.[1] ?? 4096);
  return connections < 0.75 * most ? 1 : Math.ceil(connections / (most / 5));
}
