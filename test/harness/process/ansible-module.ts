import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { runCommand } from "../container/run-command.js";
import type { Rig } from "./rig.js";

const collection = fileURLToPath(new URL("../../../../packaging/ansible", import.meta.url));
const cli = fileURLToPath(new URL("../../../src/cli.js", import.meta.url));

const said = v.looseObject({
  changed: v.optional(v.boolean()),
  failed: v.optional(v.boolean(), false),
  msg: v.optional(v.string()),
  last_lines: v.optional(v.array(v.string())),
  generation: v.optional(v.nullable(v.number())),
  version: v.optional(v.nullable(v.string())),
  staged: v.optional(v.nullable(v.number())),
  verdict: v.optional(v.nullable(v.string())),
  committed_at: v.optional(v.nullable(v.number())),
  account: v.optional(v.looseObject({ upgrade: v.number() })),
  before: v.optional(v.looseObject({ generation: v.nullable(v.number()) })),
  diff: v.optional(v.looseObject({ before: v.string(), after: v.string() })),
  contents: v.optional(v.string()),
  held_by: v.optional(v.looseObject({ owner: v.record(v.string(), v.unknown()) })),
  restored: v.optional(v.array(v.string())),
  record: v.optional(v.nullable(v.looseObject({ service: v.unknown() }))),
  exists: v.optional(v.boolean()),
  path: v.optional(v.string()),
  removed: v.optional(v.array(v.string())),
  ansible_facts: v.optional(v.record(v.string(), v.unknown())),
});

export type Said = v.InferOutput<typeof said>;

/**
 * Runs a module of the collection as Ansible does on a host: by the system's Python, with its arguments as JSON in a file. Programs of
 * `bin` in the directory are in the place of the system's.
 */
export async function runModule(
  directory: string,
  module: string,
  args: Readonly<Record<string, unknown>>,
): Promise<Said> {
  const file = join(directory, "arguments.json");
  writeFileSync(file, JSON.stringify({ ANSIBLE_MODULE_ARGS: { _ansible_remote_tmp: directory, ...args } }));
  const code = join(collection, "plugins/modules", `${module}.py`);
  const path = `PATH=${join(directory, "bin")}:/usr/bin:/bin`;
  const argv = [
    "env",
    path,
    `PYTHONPATH=${findableIn(directory)}`,
    "/usr/bin/python3",
    "-B",
    code,
    file,
  ] as const;
  const { stdout, stderr } = await runCommand(argv, { timeoutMs: 60_000 });
  assert.notEqual(stdout, "", stderr);
  return v.parse(said, JSON.parse(stdout));
}

/** Where Python finds the collection by its name, as in what Ansible sends to a host. */
export function findableIn(directory: string): string {
  const namespace = join(directory, "ansible_collections", "holdfast");
  mkdirSync(namespace, { recursive: true });
  const link = join(namespace, "holdfast");
  if (!existsSync(link)) symlinkSync(collection, link);
  return directory;
}

/** A shell script in the place of a program of the system's. */
export function replaceProgram(directory: string, name: string, script: string): void {
  mkdirSync(join(directory, "bin"), { recursive: true });
  writeFileSync(join(directory, "bin", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** The module `holdfast` on the service of a rig. */
export function runHoldfast(rig: Rig, args: Readonly<Record<string, unknown>> = {}): Promise<Said> {
  const executable = join(rig.directory, "holdfast");
  writeFileSync(executable, `#!/bin/sh\nexec ${process.execPath} ${cli} "$@"\n`);
  chmodSync(executable, 0o755);
  const socket = join(rig.runtimeDirectory, "control.sock");
  return runModule(rig.directory, "holdfast", { name: rig.name, socket, executable, ...args });
}

const filterProgram = `
import importlib, json, sys
filters = importlib.import_module("ansible_collections.holdfast.holdfast.plugins.filter.fleet").FilterModule().filters()
def call(name, *args):
    try:
        return filters[name](*args)
    except Exception as error:
        return str(error)
print(json.dumps([call(*one) for one in json.load(sys.stdin)]))
`;

/** What the filters of a fleet make of their arguments, each call as its filter's name and these; a refusal as its message. */
export async function callFilters(calls: readonly (readonly [string, ...unknown[]])[]): Promise<unknown[]> {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-filters-"));
  try {
    const path = `PYTHONPATH=${findableIn(directory)}`;
    const argv = ["env", path, "/usr/bin/python3", "-B", "-c", filterProgram] as const;
    const { stdout, stderr } = await runCommand(argv, { timeoutMs: 30_000, input: JSON.stringify(calls) });
    assert.notEqual(stdout, "", stderr);
    return v.parse(v.array(v.unknown()), JSON.parse(stdout));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
