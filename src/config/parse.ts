import { parse as parseToml, TomlError } from "smol-toml";
import * as v from "valibot";
import { type FailureOf, fail, type Result, succeed } from "../lib/failure.js";
import { visible } from "../lib/printable.js";
import type { Config, ConfigDefaults } from "./config.js";
import { configSchema } from "./config-schema.js";
import { explainSyntax } from "./explain-syntax.js";
import { findSharedAddresses } from "./listeners.js";
import { describeProblems, type KeyPath, type Problem, writeKey } from "./problem.js";
import { findUnknownKeys } from "./unknown-keys.js";

/**
 * Reads the text of a config. All problems are reported in one failure, a line each, with file, line and key. Reasons:
 * `config-syntax`; `config-unknown-key` when unknown keys are all that is wrong; `config-invalid`. `file` is for messages.
 */
export function parseConfig(
  text: string,
  file: string,
  defaults: ConfigDefaults,
): Result<Config, FailureOf<"config">> {
  const root = readToml(text, file);
  if (!root.ok) return root;
  const unknown = findUnknownKeys(root.value);
  const parsed = v.safeParse(configSchema(defaults), root.value);
  const invalid = [...(parsed.issues ?? []).map(describeIssue), ...describeSharedAddresses(root.value)];
  if (!parsed.success || invalid.length > 0 || unknown.length > 0) {
    const reason = invalid.length > 0 ? "config-invalid" : "config-unknown-key";
    return fail(reason, describeProblems([...unknown, ...invalid], file, text));
  }
  return succeed(freeze({ file, ...parsed.output }));
}

function readToml(text: string, file: string): Result<Record<string, unknown>, FailureOf<"config">> {
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

function describeIssue(issue: v.BaseIssue<unknown>): Problem {
  const path: KeyPath = (issue.path ?? []).map(({ key }) => (typeof key === "number" ? key : String(key)));
  return { path, message: issue.message };
}

function describeSharedAddresses(root: Record<string, unknown>): Problem[] {
  return findSharedAddresses(root["listeners"]).map(({ name, first }) => ({
    path: ["listeners", name, "address"],
    message: `is also the address of ${writeKey(["listeners", first])}; give each listener its own`,
  }));
}

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  }
  return value;
}
