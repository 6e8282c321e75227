import type { Failure, Result } from "../lib/failure.js";
import type { OptionName } from "./command-options.js";

/**
 * A command, as its file in `commands/` exports it: parsing, help, completions and the manual page are made from it or tested
 * against it. All rows are loaded at every start, so `run` imports by itself what takes long to load.
 */
export interface Command {
  readonly name: string;
  /** The word that follows the command, as the help text shows it; one that ends in a bracket may be left out. */
  readonly argument?: string;
  /** What a shell offers for that word. */
  readonly completes?: "config" | "command";
  /** It talks to no daemon: an instance's name is its argument. */
  readonly alone?: true;
  /** Whether `--` and a command line with a program's name must follow. */
  readonly program?: true;
  /** Besides those that every command has. */
  readonly options: readonly OptionName[];
  /** Options that cannot be given together, and why. */
  readonly contradictions?: readonly (readonly [OptionName, OptionName, why: string])[];
  readonly summary: string;
  readonly run: (line: CommandLine, commands: readonly Command[]) => End | Promise<End>;
}

/** What was typed, checked: behind this line a command gets only options that it knows. */
export interface CommandLine {
  readonly command: Command;
  readonly name?: string;
  readonly socket?: string;
  /** The options without a value that were given. */
  readonly flags: ReadonlySet<OptionName>;
  readonly timeoutMs?: number;
  /** The one word after the command. */
  readonly argument?: string;
  /** argv after `--`, never empty. */
  readonly program?: readonly string[];
  readonly listen?: readonly string[];
  readonly shared?: readonly string[];
  readonly release?: string;
  readonly workers?: string;
  /** A file that is to become the instance's config. */
  readonly config?: string;
  /** A time, as it was typed. */
  readonly since?: string;
  /** Why it is asked for. */
  readonly message?: string;
}

/** How a command ended, if it did not fail. `degraded`: the service serves, but somebody has to look after it. */
export type End = Result<"done" | "degraded", Failure>;
