import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { generalOptions } from "../../../src/cli/command-options.js";
import { commands } from "../../../src/cli/commands.js";
import { completions } from "../../../src/cli/completion/completions.js";

const { "holdfast.bash": bash = "", _holdfast: zsh = "", "holdfast.fish": fish = "" } = completions;
const names = commands.map(({ name }) => name);
const write = (options: readonly string[]): string[] => options.map((option) => `--${option}`);

/** What bash offers after these words; one that is being typed is the last, and may be empty. */
function offered(...words: readonly string[]): string[] {
  const script = `${bash.replaceAll("/run/holdfast", "/nonexistent")}
    COMP_WORDS=(holdfast "$@"); COMP_CWORD=$#
    _holdfast && printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync("bash", ["-c", script, "bash", ...words], { encoding: "utf8" });
  assert.equal(stderr, "");
  return stdout.split("\n").filter(Boolean).sort();
}

test("bash offers every command and what all of them take", () => {
  assert.deepEqual(offered(""), [...names, ...write(generalOptions)].sort());
  for (const name of ["shop", "web", "status"])
    assert.deepEqual(offered("-n", name, "upg"), ["upgrade"], name);
});

for (const { name, alone, options, program } of commands) {
  test(`bash offers the options of ${name}, and no others`, () => {
    const own = [...write(options), ...(program ? ["--"] : [])];
    const all = alone ? own : [...write(generalOptions), ...own];
    assert.deepEqual(offered(name, "x", ""), all.sort());
  });

  test(`zsh and fish know ${name} and its options`, () => {
    assert.match(zsh, new RegExp(`^    '${name}:`, "m"));
    assert.match(fish, new RegExp(`^complete .* -a ${name} -d '`, "m"));
    const arm = new RegExp(`^        ${name}\\)\n(.*?);;`, "ms").exec(zsh)?.[1] ?? "";
    const inZsh = [...arm.matchAll(/--([a-z-]+)(?:\}')?\[/g)].map(([, option]) => option);
    assert.deepEqual(inZsh, options);
    const seen = new RegExp(`-n '__holdfast_seen [^']*\\b${name}\\b[^']*' .*?-l ([a-z-]+)`, "g");
    const inFish = [...fish.matchAll(seen)].map(([, option]) => option);
    assert.deepEqual(inFish.sort(), [...options].sort());
  });
}

test("zsh and fish know the options that every command takes", () => {
  for (const option of generalOptions) {
    assert.match(zsh, new RegExp(`--${option}\\b`));
    assert.match(fish, new RegExp(`^complete -c holdfast (-s \\w )?-l ${option} `, "m"));
  }
});

test("bash offers nothing where a value is typed", () => {
  assert.deepEqual(offered("upgrade", "--timeout", ""), []);
  assert.deepEqual(offered("adopt-listener", ""), []);
});
