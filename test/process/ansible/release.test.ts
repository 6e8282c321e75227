import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { replaceProgram, runModule, type Said } from "../../harness/process/ansible-module.js";

type Arguments = Readonly<Record<string, unknown>>;

class Place {
  readonly root = mkdtempSync(join(tmpdir(), "holdfast-release-"));

  constructor(context: TestContext) {
    context.after(() => rmSync(this.root, { recursive: true }));
  }

  async ask(version: string, state: "room" | "current" | "back", more: Arguments = {}): Promise<Said> {
    const said = await runModule(this.root, "release", { root: this.root, version, state, ...more });
    assert.equal(said.failed, false, said.msg);
    return said;
  }

  /** What a role does with a release. */
  async bring(version: string, more: Arguments = {}): Promise<Said> {
    const { exists, path } = await this.ask(version, "room");
    if (exists !== true) writeFileSync(join(path ?? "", "version"), version);
    return this.ask(version, "current", more);
  }

  get releases(): string[] {
    return readdirSync(join(this.root, "releases")).sort();
  }

  get current(): string {
    return readlinkSync(join(this.root, "current"));
  }
}

test("a release takes effect when it is whole, whatever an earlier run has left of it, and only once", async (context) => {
  const place = new Place(context);
  const left = join(place.root, "releases/.1.new");
  mkdirSync(left, { recursive: true });
  writeFileSync(join(left, "half"), "");
  assert.equal((await place.ask("1", "room")).changed, true);
  assert.deepEqual(readdirSync(left), []);
  writeFileSync(join(left, "version"), "1");
  assert.equal((await place.ask("1", "current")).changed, true);
  assert.deepEqual([place.releases, place.current], [["1"], "releases/1"]);
  const again = await place.ask("1", "room");
  assert.deepEqual([again.exists, again.changed], [true, false]);
  assert.equal((await place.ask("1", "current")).changed, false);
  assert.equal(readFileSync(join(place.root, "current/version"), "utf8"), "1");
});

test("the youngest releases stay, and those that are needed", async (context) => {
  const place = new Place(context);
  for (const version of ["1", "2", "3", "4"]) await place.bring(version);
  const { removed } = await place.bring("5", { keep: 2, needed: "releases/1" });
  assert.deepEqual(
    removed?.sort(),
    ["2", "3"].map((one) => join(place.root, "releases", one)),
  );
  assert.deepEqual(place.releases, ["1", "4", "5"]);
});

test("check mode tells what would change, and touches nothing", async (context) => {
  const place = new Place(context);
  for (const version of ["1", "2"]) await place.bring(version);
  const check = { _ansible_check_mode: true, keep: 1 };
  assert.equal((await place.ask("3", "room", check)).changed, true);
  const { diff, removed } = await place.ask("3", "current", check);
  assert.deepEqual([diff?.before, diff?.after], ["releases/2\n", "releases/3\n"]);
  assert.equal(removed?.length, 1);
  assert.deepEqual([place.releases, place.current], [["1", "2"], "releases/2"]);
});

test("the link names again what it named, which is still there, or is gone where there was none", async (context) => {
  const place = new Place(context);
  await place.bring("1");
  await place.bring("2", { keep: 1 });
  await place.ask("2", "back", { needed: "releases/1" });
  assert.deepEqual([place.releases, place.current], [["1", "2"], "releases/1"]);
  assert.equal((await place.ask("2", "back", { needed: "releases/1" })).changed, false);
  await place.ask("2", "back");
  assert.throws(() => place.current, /ENOENT/);
});

test("a release is on the disk before it has its name", async (context) => {
  const place = new Place(context);
  const seen = join(place.root, "seen");
  replaceProgram(
    place.root,
    "sync",
    `ls -A ${place.root}/releases > ${seen}; exit "$(cat ${place.root}/status)"`,
  );
  writeFileSync(join(place.root, "status"), "1");
  await place.ask("1", "room");
  const current = { root: place.root, version: "1", state: "current" };
  assert.equal((await runModule(place.root, "release", current)).failed, true);
  assert.deepEqual(place.releases, [".1.new"]);
  writeFileSync(join(place.root, "status"), "0");
  await place.ask("1", "current");
  assert.equal(readFileSync(seen, "utf8"), ".1.new\n");
  assert.deepEqual(place.releases, ["1"]);
});

test("what is in the way is told, and stays", async (context) => {
  const place = new Place(context);
  mkdirSync(join(place.root, "current"));
  await place.ask("1", "room");
  const said = await runModule(place.root, "release", { root: place.root, version: "1", state: "current" });
  assert.match(said.msg ?? "", /^cannot put release 1 below /);
  assert.deepEqual(readdirSync(join(place.root, "current")), []);
});
