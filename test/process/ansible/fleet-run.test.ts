import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import * as v from "valibot";
import { runCommand } from "../../harness/container/run-command.js";
import { findableIn, runModule, type Said } from "../../harness/process/ansible-module.js";

type Arguments = Readonly<Record<string, unknown>>;

function place(context: TestContext): {
  directory: string;
  ask: (state: string, more?: Arguments) => Promise<Said>;
} {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-run-"));
  context.after(() => rmSync(directory, { recursive: true }));
  const where = { lock_directory: join(directory, "locks"), record_directory: join(directory, "records") };
  const ask = (state: string, more: Arguments = {}) =>
    runModule(directory, "fleet_run", { name: "web", state, owner: { pid: 1 }, ...where, ...more });
  return { directory, ask };
}

test("a host is one run's until that gives it back, is seen to have ended, or has not renewed it for as long as it said", async (context) => {
  const { ask } = place(context);
  const other = { owner: { pid: 2 } };
  assert.equal((await ask("locked")).held_by, undefined);
  assert.equal((await ask("renewed")).held_by, undefined);
  assert.deepEqual((await ask("locked", other)).held_by?.owner, { pid: 1 });
  await ask("unlocked", other);
  assert.ok((await ask("locked", other)).held_by, "one run gave back another's lock");
  assert.ok((await ask("locked", { ...other, instead_of: { pid: 3 } })).held_by);
  assert.equal((await ask("locked", { ...other, instead_of: { pid: 1 } })).held_by, undefined);
  assert.deepEqual((await ask("renewed")).held_by?.owner, { pid: 2 });
  assert.ok(
    (await ask("locked", { age: -1 })).held_by,
    "how old a lock may be is for the run that has it to say",
  );
  await ask("locked", { ...other, age: -1 });
  await ask("renewed", other);
  assert.equal((await ask("locked")).held_by, undefined);
  assert.equal((await ask("locked", { ...other, break_lock: true })).held_by, undefined);
  await ask("unlocked", other);
  assert.equal((await ask("locked")).held_by, undefined);
});

test("a lock that does not say how old it may be is as good as one of whoever asks", async (context) => {
  const { directory, ask } = place(context);
  mkdirSync(join(directory, "locks"));
  const lock = { owner: { pid: 2 }, since: 1, renewed: Date.now() / 1_000 - 100 };
  writeFileSync(join(directory, "locks/web.lock"), JSON.stringify(lock));
  assert.ok((await ask("locked", { age: 200 })).held_by);
  assert.equal((await ask("locked", { age: 50 })).held_by, undefined);
});

const whoami = `
import importlib, json, sys
action = importlib.import_module("ansible_collections.holdfast.holdfast.plugins.action.fleet_run")
print(json.dumps(action.is_gone(json.loads(sys.argv[1])) if len(sys.argv) > 1 else action.whoami()))
`;

test("of a run in another pid namespace of this machine, or on one without /proc, nobody sees whether it has ended", async (context) => {
  const { directory } = place(context);
  const ask = async (around: readonly string[], ...args: readonly string[]): Promise<unknown> => {
    const path = `PYTHONPATH=${findableIn(directory)}`;
    const python = ["/usr/bin/python3", "-B", "-c", whoami, ...args];
    // The shell is the run.
    const argv = ["env", path, ...around, "sh", "-c", '"$@"; exit', "sh", ...python] as const;
    const { stdout, stderr } = await runCommand(argv, { timeoutMs: 30_000 });
    assert.notEqual(stdout, "", stderr);
    return JSON.parse(stdout);
  };
  const here = v.parse(v.record(v.string(), v.unknown()), await ask([]));
  const elsewhere = await ask(["unshare", "--pid", "--fork", "--mount-proc"]);
  const unseen = { ...here, start: "" };
  const gone = [here, elsewhere, unseen].map((owner) => ask([], JSON.stringify(owner)));
  assert.deepEqual(await Promise.all(gone), [true, false, false]);
});

test("of many runs that ask at once one has the host", async (context) => {
  const { directory } = place(context);
  const asked = Array.from({ length: 6 }, async (_, pid) => {
    const own = mkdtempSync(join(directory, "own-"));
    const lock = { lock_directory: join(directory, "locks"), record_directory: join(directory, "records") };
    return runModule(own, "fleet_run", { name: "web", state: "locked", owner: { pid }, ...lock });
  });
  const taken = (await Promise.all(asked)).filter((one) => one.held_by === undefined);
  assert.equal(taken.length, 1);
});

test("what was there first is put back, whatever later runs find: contents, links, and what was not there", async (context) => {
  const { directory, ask } = place(context);
  await ask("locked");
  const [config, unit, link] = ["config", "unit", "current"].map((name) => join(directory, name));
  assert.ok(config && unit && link);
  const wanted = { files: [config, unit], link, service: { generation: 1 } };
  writeFileSync(config, "old");
  symlinkSync("releases/1", link);
  assert.equal((await ask("remembered", wanted)).changed, true);
  writeFileSync(config, "new");
  writeFileSync(unit, "new");
  rmSync(link);
  symlinkSync("releases/2", link);
  const again = await ask("remembered", { ...wanted, service: { generation: 2 } });
  assert.deepEqual([again.changed, again.record?.service], [false, { generation: 1 }]);
  assert.deepEqual((await ask("restored", { _ansible_check_mode: true })).restored, [config, unit, link]);
  assert.equal(readFileSync(config, "utf8"), "new");
  assert.deepEqual((await ask("restored")).restored, [config, unit, link]);
  assert.deepEqual([readFileSync(config, "utf8"), readlinkSync(link)], ["old", "releases/1"]);
  assert.throws(() => readFileSync(unit), /ENOENT/);
  assert.deepEqual((await ask("restored")).restored, []);
  assert.equal((await ask("over")).record, null);
});

test("what was there is the business of the run that has the host, and of nobody once another one has had it", async (context) => {
  const { directory, ask } = place(context);
  const [file, other] = [join(directory, "config"), { owner: { pid: 2 }, break_lock: true }];
  const remember = { files: [file], service: {} };
  writeFileSync(file, "old");
  await ask("locked");
  await ask("remembered", remember);
  writeFileSync(file, "new");
  await ask("locked", other);
  for (const state of ["renewed", "remembered", "restored", "over"])
    assert.deepEqual((await ask(state, remember)).held_by?.owner, { pid: 2 }, state);
  assert.equal(readFileSync(file, "utf8"), "new");
  assert.equal((await ask("over", other)).record, null);
  for (const state of ["renewed", "remembered", "restored", "over"])
    assert.match((await ask(state, remember)).msg ?? "", /has lost its lock/, state);
});

test("a boot of the host takes the lock, and not the way back", async (context) => {
  const { directory, ask } = place(context);
  const file = join(directory, "config");
  await ask("locked");
  await ask("remembered", { files: [file], service: {} });
  writeFileSync(file, "new");
  rmSync(join(directory, "locks"), { recursive: true });
  assert.match((await ask("renewed")).msg ?? "", /has lost its lock/);
  assert.deepEqual((await ask("restored")).restored, [file]);
  assert.equal((await ask("over")).record, null);
});

test("the contents of a release are told without times and owners", async (context) => {
  const { directory, ask } = place(context);
  const release = join(directory, "release");
  mkdirSync(join(release, "lib"), { recursive: true });
  writeFileSync(join(release, "lib/a"), "a");
  symlinkSync("release", join(directory, "current"));
  await ask("locked");
  const look = async () => (await ask("renewed", { release: join(directory, "current") })).contents;
  const before = await look();
  assert.match(before ?? "", /^[0-9a-f]{64}$/);
  utimesSync(join(release, "lib/a"), 1, 1);
  assert.equal(await look(), before);
  const seen = new Set([before]);
  for (const change of [
    () => writeFileSync(join(release, "lib/a"), "b"),
    () => renameSync(join(release, "lib/a"), join(release, "a")),
    () => chmodSync(join(release, "a"), 0o755),
    () => symlinkSync("a", join(release, "b")),
    () => mkdirSync(join(release, "c")),
  ]) {
    change();
    const now = await look();
    assert.ok(!seen.has(now), String(change));
    seen.add(now);
  }
});
