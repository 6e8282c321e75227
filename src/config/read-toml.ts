import { parse as parseToml, TomlError } from "smol-toml";
import type * as v from "valibot";
import { type FailureOf, fail, type Result, succeed } from "../lib/failure.js";
import { visible } from "../lib/printable.js";
import { explainSyntax } from "./explain-syntax.js";
import type { KeyPath, Problem } from "./problem.js";

/** The tables of a text. Fails with `config-syntax`; `file` is for messages. */
export function readToml(text: string, file: string): Result<Record<string, unknown>, FailureOf<"config">> {
  try {
    return succeed(parseToml(text, { maxDepth: 16 }));
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The library's message goes on with an excerpt of the file, which may hold a secret.
    const [what = ""] = error.message.split("\n", 1);
    const { line, column } = error;
    const rest =
      text
        .split("\n")
        [line - 1]?.slice(column - 1)
        .trimEnd() ?? "";
    const why = explainSyntax(what.replace("Invalid TOML document: ", ""), rest);
    return fail("config-syntax", `${file}:${line}:${column}: not valid TOML: ${visible(why)}`);
  }
}

/** What a schema found wrong. */
export function describeIssue(issue: v.BaseIssue<unknown>): Problem {
  const path: KeyPath = (issue.path ?? []).map(({ key }) => (typeof key === "number" ? key : String(key)));
  return { path, message: issue.message };
}
