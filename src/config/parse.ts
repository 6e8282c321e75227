import * as v from "valibot";
import { type FailureOf, fail, type Result, succeed } from "../lib/failure.js";
import type { Config, ConfigDefaults } from "./config.js";
import { configSchema } from "./config-schema.js";
import { findSharedAddresses } from "./listeners.js";
import { describeProblems, type Problem, writeKey } from "./problem.js";
import { describeIssue, readToml } from "./read-toml.js";
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
