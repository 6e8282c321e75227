import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { runModule, type Said } from "../../harness/process/ansible-module.js";

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

test("a host is one run's until that gives it back, is seen to have ended, or has not renewed it for long", async (context) => {
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
  assert.equal((await ask("locked", { age: -1 })).held_by, undefined);
  assert.equal((await ask("locked", { ...other, break_lock: true })).held_by, undefined);
  await ask("unlocked", other);
  assert.equal((await ask("locked")).held_by, undefined);
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
