import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Rig } from "../harness/process/rig.js";

async function origins(rig: Rig) {
  const history = await rig.control.history();
  assert.ok(history.ok);
  return history.value.map(({ generation, origin }) => [generation, origin?.kind, origin?.asked ?? null]);
}

test("history knows who asked for each generation, and why, also after another daemon", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  const uid = process.getuid?.();
  const asked = { by: { kind: "user", uid }, message: "new prices" };
  rig.release({ version: "2" });
  assert.ok((await rig.control.request("upgrade", { message: "new prices" })).ok);
  await rig.until("generation 2", ({ generations }) => generations.at(-1)?.id === 2);
  await rig.settled();
  rig.release({ version: "3" });
  rig.manager.signal("SIGHUP");
  await rig.until("generation 3", ({ generations }) => generations.at(-1)?.id === 3);
  await rig.settled();
  const expected = [
    [1, "start", null],
    [2, "upgrade", asked],
    [3, "upgrade", { by: { kind: "signal" }, message: null }],
  ];
  assert.deepEqual(await origins(rig), expected);
  await rig.manager.kill9();
  await rig.manager.startReady();
  assert.deepEqual(await origins(rig), expected);
});

test("a daemon that starts with a broken config sets nothing of the history aside", async () => {
  await using rig = new Rig({ config: `[history]\nsize = "10M"` });
  await rig.manager.startReady();
  await rig.manager.kill9();
  const ledger = join(rig.stateDirectory, "history.jsonl");
  appendFileSync(ledger, `${" ".repeat(5 * 1024 * 1024)}\n`);
  rig.configure("this is no TOML");
  await rig.manager.startReady();
  assert.equal((await rig.upgrade()).failure?.reason, "config-syntax");
  assert.deepEqual([statSync(ledger).size > 5 * 1024 * 1024, existsSync(`${ledger}.1`)], [true, false]);
});

test("history knows the commit of a release that is a checkout", async () => {
  await using rig = new Rig();
  const git = (...args: readonly string[]): string =>
    execFileSync(
      "git",
      ["-c", "user.name=x", "-c", "user.email=x@example.com", "-C", rig.releaseDirectory, ...args],
      {
        env: { PATH: process.env["PATH"], HOME: rig.directory },
        encoding: "utf8",
      },
    ).trim();
  git("init", "-q");
  git("commit", "-q", "--allow-empty", "-m", "one");
  await rig.manager.startReady();
  const history = await rig.control.history();
  assert.ok(history.ok);
  assert.equal(history.value[0]?.commit, git("rev-parse", "HEAD"));
});
