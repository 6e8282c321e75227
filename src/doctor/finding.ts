import type { Facts, SourceFile, UnitFacts } from "./facts.js";

export interface Finding {
  /** Stable, for programs. */
  readonly check: string;
  /** A note is worth knowing and nothing to mend: it does not count. */
  readonly level: "problem" | "note";
  /** What is so, and what it leads to. */
  readonly message: string;
  readonly remedy: Remedy | null;
}

export interface Remedy {
  /** A file, with its line where one is to be changed, or a command. */
  readonly where: string;
  /** What to write there. */
  readonly lines: readonly string[];
}

/** One thing that can be wrong. Looks at nothing but the facts. */
export type Check = (facts: Facts) => readonly Finding[];

export function problem(check: string, message: string, remedy: Remedy | null = null): Finding {
  return { check, level: "problem", message, remedy };
}

export function note(check: string, message: string, remedy: Remedy | null = null): Finding {
  return { check, level: "note", message, remedy };
}

/**
 * Where to write a setting of the unit: over the line that has it now if that is the admin's (below /etc or /run), else into a
 * drop-in, because the package's own file is replaced at the next upgrade.
 */
export function inUnit(unit: UnitFacts, assignment: string, section = "Service"): Remedy {
  const [key = ""] = assignment.split("=", 1);
  const set = findSetting(unit.sources, key);
  if (set !== undefined && /^\/(etc|run)\//.test(set.path)) {
    return { where: `${set.path}:${set.line}`, lines: [assignment] };
  }
  return { where: `systemctl edit ${unit.name}`, lines: [`[${section}]`, assignment] };
}

export interface SetLine {
  readonly path: string;
  readonly line: number;
  readonly value: string;
}

/** The line that decides: the last one that assigns the key. */
export function findSetting(sources: readonly SourceFile[], key: string): SetLine | undefined {
  let found: SetLine | undefined;
  for (const { path, text } of sources) {
    for (const [index, line] of text.split("\n").entries()) {
      if (!line.trimStart().startsWith(`${key}=`)) continue;
      found = { path, line: index + 1, value: line.slice(line.indexOf("=") + 1).trim() };
    }
  }
  return found;
}
