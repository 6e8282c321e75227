import { messageOf } from "../../lib/failure.js";
import type { News } from "../../model/event.js";
import { activeGeneration, findGeneration } from "../../model/find.js";
import type { Generation } from "../../model/generation-state.js";
import type { State } from "../../model/state.js";
import { describeEnd, followCommand, lastLine } from "../../process/run-command.js";
import { workerEnvironment } from "../perform/commands.js";
import { findHappenings, type Happening } from "./happenings.js";

const timeoutMs = 10_000;
/** So that what happens again and again does not fill the machine with hooks that hang. */
const mostAtATime = 8;

export interface HooksOptions {
  readonly name: string;
  /** What the last daemon knew: what it did not get to is told by this one. */
  readonly remembered: State;
  readonly directoryOf: (generation: Generation) => string;
  readonly announce: (news: News) => void;
}

/**
 * Runs the hooks of what has happened. Each is started at most once: when the daemon dies before, or in the middle, nobody
 * starts it again. Nothing waits for a hook.
 */
export class Hooks {
  readonly #options: HooksOptions;
  #seen: State;
  #running = 0;

  constructor(options: HooksOptions) {
    this.#options = options;
    this.#seen = options.remembered;
  }

  /** Takes each state that actions come from, once it is on disk. */
  follow(state: State): void {
    const before = this.#seen;
    this.#seen = state;
    if (before.outcomes === state.outcomes && before.rolledBack === state.rolledBack) return;
    for (const happening of findHappenings(before, state)) this.#tell(happening, before, state);
  }

  #tell(happening: Happening, before: State, after: State): void {
    const active = activeGeneration(after);
    const concerned = findIn([after, before], happening.generation) ?? active;
    if (concerned === undefined) return;
    const { plan } = concerned.specification;
    const argv = plan.hooks[happening.event];
    if (argv === undefined) return;
    const { name, directoryOf } = this.#options;
    const version = concerned.id === happening.generation ? concerned.version : null;
    const at = new Date().toISOString();
    const options = {
      directory: directoryOf(active ?? concerned),
      environment: workerEnvironment(name, plan, concerned.id, {}),
      input: { name, ...happening, version, at },
    };
    this.#run(argv, options).then(
      (problem) => {
        if (problem !== undefined) this.#complain(happening, problem);
      },
      (error) => this.#complain(happening, messageOf(error)),
    );
  }

  #complain({ event, upgrade, generation }: Happening, why: string): void {
    this.#options.announce({
      event: "hook-failed",
      level: "warning",
      message: `the hook \`${event}\` failed: ${why}`,
      ...(upgrade === null ? {} : { upgrade }),
      ...(generation === null ? {} : { generation }),
    });
  }

  /** What went wrong, if anything. */
  async #run(
    argv: readonly string[],
    options: Pick<Parameters<typeof followCommand>[1], "directory" | "environment" | "input">,
  ): Promise<string | undefined> {
    if (this.#running >= mostAtATime)
      return `${argv.join(" ")} was not run, because ${mostAtATime} hooks run already`;
    this.#running++;
    try {
      const end = await followCommand(argv, { ...options, signal: AbortSignal.timeout(timeoutMs) });
      if (end.how === "exited" && end.status === 0) return undefined;
      const said = "output" in end ? lastLine(end.output) : "";
      return `${describeEnd(argv, end)}${said === "" ? "" : `: ${said}`}`;
    } finally {
      this.#running--;
    }
  }
}

function findIn(states: readonly State[], generation: number | null): Generation | undefined {
  if (generation === null) return undefined;
  for (const state of states) {
    const found = findGeneration(state, generation);
    if (found !== undefined) return found;
  }
  return undefined;
}
