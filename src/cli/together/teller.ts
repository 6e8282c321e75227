import { printableJson } from "../../lib/printable.js";
import type { News } from "../../model/event.js";
import type { Outcome } from "../../model/upgrade-state.js";
import { findAccount } from "../account/find-account.js";
import type { CommandLine } from "../command.js";
import { say } from "../print.js";
import type { Member } from "./member.js";

/** What is asked of an instance: to stage, to let serve, or to leave again. */
export type Step = "stage" | "commit" | "back";

/** What became of an instance; `failed`: by itself, and `unknown`: nobody waited for it, or could. */
export type Fate = "staged" | "kept" | "proved" | "given-up" | "rolled-back" | "failed" | "unknown";

export interface Summary {
  /** From the first commit to the last; null where not all were committed. */
  readonly committedWithinMs: number | null;
  readonly instances: readonly {
    readonly instance: string;
    readonly generation: number | null;
    readonly fate: Fate;
  }[];
}

/** Tells whoever waits how all of them go. Failures are left to the end of the command. */
export interface Teller {
  readonly news: (member: Member, step: Step, news: News) => void;
  readonly ended: (member: Member, step: Step, outcome: Outcome | null) => Promise<void>;
  /** For people: of one instance, or of all. */
  readonly say: (text: string, member?: Member) => void;
  readonly sum: (summary: Summary) => void;
}

export function createTeller({ flags }: Pick<CommandLine, "flags">): Teller {
  if (flags.has("json")) return program;
  return flags.has("quiet") ? silent : people;
}

const silent: Teller = { news: () => {}, ended: async () => {}, say: () => {}, sum: () => {} };

/** Beside what is said at the end of each step. */
const worthALine: ReadonlySet<string> = new Set(["trial", "probation"]);

const people: Teller = {
  ...silent,
  news: (member, _, { event, message }) => {
    if (worthALine.has(event)) people.say(message, member);
  },
  say: (text, member) => say(member === undefined ? text : `${member.name}: ${text}`),
};

const write = (value: unknown): void => void process.stdout.write(`${printableJson(value)}\n`);

const program: Teller = {
  ...silent,
  news: ({ name: instance }, step, news) => write({ instance, step, news }),
  ended: async ({ name: instance, client }, step, outcome) => {
    const account = outcome === null ? null : await findAccount(client, outcome.upgrade);
    write({ instance, step, outcome, account });
  },
  sum: (together) => write({ together }),
};
