import * as v from "valibot";
import type { Failure, Result } from "../lib/failure.js";

/** TOML's table. Its parser makes tables without a prototype, and dates as objects of a class. */
export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === null;
}

export function table(message: string) {
  return v.custom<Record<string, unknown>>(isTable, message);
}

/** A string that can be handed to the kernel: without NUL. */
export function text(example: string) {
  return v.pipe(
    v.string((issue) => `must be a string; write ${suggestString(issue.input, example)}`),
    v.check((value) => !value.includes("\0"), "must not have a NUL character in it"),
  );
}

/** The path of an HTTP request, with its query: RFC 9112 has no blank and nothing beyond ASCII in it. */
export function requestPath() {
  return v.pipe(
    text('"/healthz"'),
    v.startsWith("/", 'must be the path to ask for; write "/healthz"'),
    v.regex(
      /^[!-~]*$/,
      "must have no blank and nothing beyond ASCII in it; write %20 for a blank, as in a URL",
    ),
  );
}

/** A program and its arguments, as for execve(2); no shell reads it. */
export function argv(example: string) {
  return v.pipe(
    v.array(text('"/usr/bin/gunicorn"'), `must be an array of strings; write ${example}`),
    v.minLength(1, `must name a program; write ${example}`),
    v.check(([program]) => program !== "", `must name a program before its arguments; write ${example}`),
  );
}

/** A whole number within bounds, both included. */
export function count(min: number, max: number) {
  return v.custom<number>(
    (value) => isCount(value, min, max),
    `must be a whole number from ${min} to ${max}, without quotes`,
  );
}

export function isCount(value: unknown, min: number, max: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;
}

/** A string that `read` makes sense of; its failure becomes the problem's text. `otherwise`: what else may be written there. */
export function readWith<T>(read: (value: string) => Result<T, Failure>, example: string, otherwise = "") {
  return v.pipe(
    v.string((issue) => `must be a string; write ${suggestString(issue.input, example)}${otherwise}`),
    v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
      const result = read(dataset.value);
      if (result.ok) return result.value;
      addIssue({ message: result.failure.message });
      return NEVER;
    }),
  );
}

/**
 * A table whose keys the admin chooses. `judgeName` says what is wrong with a name, or null. All entries are read, so
 * that all problems are found; the output keeps the file's order. (valibot's own record drops some names in silence.)
 */
export function named<T>(
  message: string,
  judgeName: (name: string) => string | null,
  value: v.GenericSchema<unknown, T>,
) {
  return v.pipe(
    table(message),
    v.rawTransform<Record<string, unknown>, readonly (readonly [string, T])[]>(
      ({ dataset, addIssue, NEVER }) => {
        const entries: (readonly [string, T])[] = [];
        for (const [name, input] of Object.entries(dataset.value)) {
          const at = {
            type: "unknown",
            origin: "value",
            input: dataset.value,
            key: name,
            value: input,
          } as const;
          const wrong = judgeName(name);
          if (wrong !== null) addIssue({ message: wrong, path: [at] });
          const parsed = v.safeParse(value, input);
          if (parsed.success) entries.push([name, parsed.output]);
          else {
            for (const issue of parsed.issues) {
              addIssue({ message: issue.message, path: [at, ...(issue.path ?? [])] });
            }
          }
        }
        return dataset.issues === undefined ? entries : NEVER;
      },
    ),
  );
}

function suggestString(input: unknown, example: string): string {
  return typeof input === "number" || typeof input === "boolean" ? `it in quotes, as in ${example}` : example;
}
