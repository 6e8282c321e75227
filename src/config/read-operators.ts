import * as v from "valibot";
import { type FailureOf, fail, type Result, succeed } from "../lib/failure.js";
import { configFolder } from "./config-files.js";
import { control } from "./control-table.js";
import { describeProblems } from "./problem.js";
import { readText } from "./read.js";
import { describeIssue, readToml } from "./read-toml.js";

const controlOnly = v.object({ control: v.optional(control) });

/** The group of an instance's operators, by its config in `folder`; null where it names none. Of the rest of the config nothing is judged. */
export function readOperators(
  name: string,
  folder = configFolder,
): Result<string | null, FailureOf<"config">> {
  const file = `${folder}/${name}.toml`;
  const text = readText(file);
  if (!text.ok) return text;
  const root = readToml(text.value, file);
  if (!root.ok) return root;
  const parsed = v.safeParse(controlOnly, root.value);
  if (parsed.success) return succeed(parsed.output.control?.operators ?? null);
  return fail("config-invalid", describeProblems(parsed.issues.map(describeIssue), file, text.value));
}
