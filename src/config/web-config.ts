import { existsSync } from "node:fs";
import * as v from "valibot";
import { type FailureOf, fail, type Result, succeed } from "../lib/failure.js";
import { describeProblems } from "./problem.js";
import { readText } from "./read.js";
import { describeIssue, readToml } from "./read-toml.js";
import { compare } from "./unknown-keys.js";
import { table, text } from "./values.js";

/** The config of holdfast-web. It is none of an instance, which could have any name in /etc/holdfast. */
export const webConfigFile = "/etc/holdfast-web.toml";

export interface WebConfig {
  /** Whether who may act on an instance may do so from the page. */
  readonly actions: boolean;
  /** The names, in lower case, by which browsers reach the page, besides localhost and IP addresses. */
  readonly hosts: readonly string[];
  /** In lower case: the header in which a proxy in front says who asks. */
  readonly userHeader: string;
}

const host = v.pipe(
  text('"status.example.org"'),
  v.regex(
    /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/,
    'must be the name of a host, without scheme and port; write "status.example.org"',
  ),
  v.toLowerCase(),
);

const webEntries = {
  actions: v.optional(v.boolean("must be true or false, without quotes"), false),
  hosts: v.optional(v.array(host, 'must be an array of names; write ["status.example.org"]'), []),
  "user-header": v.optional(
    v.pipe(
      text('"X-Remote-User"'),
      v.regex(/^[A-Za-z0-9-]{1,64}$/, 'must be the name of a header; write "X-Remote-User"'),
      v.toLowerCase(),
    ),
    "X-Remote-User",
  ),
};

const noTable: Record<string, unknown> = Object.create(null);

const rootEntries = {
  web: v.optional(
    v.pipe(table("must be a table, as in actions = true below [web]"), v.object(webEntries)),
    noTable,
  ),
};

/** Reads it, or what holds without one, where the file was not named. Fails like `parseConfig`. */
export function readWebConfig(file: string | undefined): Result<WebConfig, FailureOf<"config">> {
  const path = file ?? webConfigFile;
  if (!existsSync(path)) {
    if (file === undefined) return parseWebConfig("", path);
    return fail("config-unreadable", `cannot read config ${path}: there is no such file`);
  }
  const read = readText(path);
  return read.ok ? parseWebConfig(read.value, path) : read;
}

export function parseWebConfig(toml: string, file: string): Result<WebConfig, FailureOf<"config">> {
  const root = readToml(toml, file);
  if (!root.ok) return root;
  const unknown = [
    ...compare(root.value, rootEntries, []),
    ...compare(root.value["web"], webEntries, ["web"]),
  ];
  const parsed = v.safeParse(v.object(rootEntries), root.value);
  const invalid = (parsed.issues ?? []).map(describeIssue);
  if (!parsed.success || unknown.length > 0) {
    const reason = invalid.length > 0 ? "config-invalid" : "config-unknown-key";
    return fail(reason, describeProblems([...unknown, ...invalid], file, toml));
  }
  const { actions, hosts, "user-header": userHeader } = parsed.output.web;
  return succeed({ actions, hosts, userHeader });
}
