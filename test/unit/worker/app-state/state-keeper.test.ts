import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { closeFd } from "../../../../src/linux/fd.js";
import { StateKeeper } from "../../../../src/worker/app-state/state-keeper.js";
import { temporaryDirectory } from "../../linux/temporary-directory.js";
import { Counter } from "./sample.js";

const file = "app.0.json";

function keep(
  directory: string | null,
  counts = true,
): { readonly keeper: StateKeeper; readonly reports: string[] } {
  const reports: string[] = [];
  const keeper = new StateKeeper({ directory, file, report: (problem) => reports.push(problem) });
  if (counts) keeper.begin();
  return { keeper, reports };
}

/** A directory in which a count of 41 was written. */
function writtenDirectory(t: TestContext): string {
  const directory = join(temporaryDirectory(t), "app");
  const counter = new Counter();
  const { keeper, reports } = keep(directory);
  keeper.register(counter.define());
  counter.value = 41;
  keeper.write();
  assert.deepEqual(reports, []);
  return directory;
}

test("without anything saved the app begins with its initial value", (t) => {
  const counter = new Counter();
  keep(temporaryDirectory(t)).keeper.register(counter.define());
  assert.deepEqual([counter.value, counter.initials], [0, 1]);
});

test("a value that was written is there for the next process, readable by nobody else", (t) => {
  const directory = writtenDirectory(t);
  const next = new Counter();
  keep(directory).keeper.register(next.define());
  assert.deepEqual([next.value, next.initials], [41, 0]);
  assert.equal(statSync(join(directory, file)).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(directory), [file]);
});

test("the file is replaced as a whole: whoever has the old one open reads the old value to its end", (t) => {
  const directory = writtenDirectory(t);
  const before = statSync(join(directory, file)).ino;
  const counter = new Counter();
  const { keeper } = keep(directory);
  keeper.register(counter.define());
  counter.value = 42;
  keeper.write();
  assert.notEqual(statSync(join(directory, file)).ino, before);
});

test("a value that changes is written every ten seconds, until another process has it", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const directory = temporaryDirectory(t);
  const counter = new Counter();
  const { keeper } = keep(directory, false);
  keeper.register(counter.define());
  const onDisk = (): number => {
    const next = new Counter();
    keep(directory, false).keeper.register(next.define());
    return next.value;
  };
  counter.value = 1;
  t.mock.timers.tick(10_000);
  assert.equal(onDisk(), 0, "not before it serves");
  keeper.begin();
  for (const value of [2, 3]) {
    counter.value = value;
    t.mock.timers.tick(10_000);
    assert.equal(onDisk(), value);
  }
  keeper.end();
  counter.value = 4;
  t.mock.timers.tick(10_000);
  assert.equal(onDisk(), 3);
});

test("what has not changed is not written again", (t) => {
  const directory = writtenDirectory(t);
  const counter = new Counter();
  const { keeper } = keep(directory);
  keeper.register(counter.define());
  counter.value = 42;
  keeper.write();
  const { ino } = statSync(join(directory, file));
  keeper.write();
  assert.equal(statSync(join(directory, file)).ino, ino);
});

test("a candidate that never came to serve writes nothing", (t) => {
  const directory = writtenDirectory(t);
  const text = readFileSync(join(directory, file), "utf8");
  const candidate = new Counter();
  const { keeper } = keep(directory, false);
  keeper.register(candidate.define());
  candidate.value = 1;
  keeper.write();
  assert.equal(readFileSync(join(directory, file), "utf8"), text);
});

test("a temporary file that a dying process left half written changes nothing", (t) => {
  const directory = writtenDirectory(t);
  for (const name of readdirSync(directory)) writeFileSync(join(directory, `${name}.new`), '{"entries":[');
  const next = new Counter();
  const { keeper, reports } = keep(directory);
  keeper.register(next.define());
  assert.deepEqual([next.value, reports], [41, []]);
});

test("a save leaves alone what another worker is just writing to the same file", (t) => {
  const directory = writtenDirectory(t);
  const others = [`${file}.new`, `${file}.1.new`].map((name) => join(directory, name));
  for (const other of others) writeFileSync(other, '{"entries":[');
  const next = new Counter();
  const { keeper, reports } = keep(directory);
  keeper.register(next.define());
  next.value = 42;
  keeper.write();
  assert.deepEqual(reports, []);
  assert.match(readFileSync(join(directory, file), "utf8"), /42/);
  for (const other of others) assert.equal(readFileSync(other, "utf8"), '{"entries":[');
});

for (const [what, damage] of [
  ["cut", (text: string) => text.slice(0, -10)],
  ["empty", () => ""],
  ["no JSON", () => "\0\0\0"],
  ["of another shape", () => '{"entries":{}}'],
] as const) {
  test(`a file that is ${what} is set aside and reported, and the app begins anew`, (t) => {
    const directory = writtenDirectory(t);
    const path = join(directory, file);
    writeFileSync(path, damage(readFileSync(path, "utf8")));
    const next = new Counter();
    const { keeper, reports } = keep(directory);
    keeper.register(next.define());
    assert.equal(next.value, 0);
    assert.match(reports.join(), /it is damaged/);
    const names = readdirSync(directory);
    assert.equal(names.length, 1);
    assert.match(names[0] ?? "", /damaged/);
  });
}

test("a value that was changed on disk is refused at the start, by name", (t) => {
  const directory = writtenDirectory(t);
  const path = join(directory, file);
  writeFileSync(path, readFileSync(path, "utf8").replace('"41"', '"42"'));
  assert.throws(() => keep(directory).keeper.register(new Counter().define()), {
    code: "state-damaged",
    message: /the state count/,
  });
});

test("an app that cannot read what is on disk does not start, and the file stays as it is", (t) => {
  const directory = writtenDirectory(t);
  const text = readFileSync(join(directory, file), "utf8");
  assert.throws(() => keep(directory).keeper.register(new Counter().define({ version: 2 })), {
    code: "state-refused",
  });
  assert.equal(readFileSync(join(directory, file), "utf8"), text);
});

test("a file is migrated up by a newer app and down by an older one", (t) => {
  const directory = writtenDirectory(t);
  const newer = new Counter();
  const up = keep(directory).keeper;
  up.register(newer.define({ version: 2, migrate: (value) => Number(value) + 100 }));
  assert.equal(newer.value, 141);
  up.write();
  const older = new Counter();
  const down = keep(directory).keeper;
  down.register(older.define({ migrate: (value) => Number(value) - 100 }));
  assert.equal(older.value, 41);
});

test("a save that throws leaves the last file, and is reported", (t) => {
  const directory = writtenDirectory(t);
  const text = readFileSync(join(directory, file), "utf8");
  const { keeper, reports } = keep(directory);
  keeper.register(
    new Counter().define({
      save: () => {
        throw new Error("not now");
      },
    }),
  );
  keeper.write();
  assert.match(reports.join(), /the state count: not now/);
  assert.equal(readFileSync(join(directory, file), "utf8"), text);
});

test("a directory that cannot be written is reported each time, and the app goes on", (t) => {
  const directory = join(temporaryDirectory(t), "app");
  writeFileSync(directory, "a file where the directory should be");
  const counter = new Counter();
  const { keeper, reports } = keep(directory);
  keeper.register(counter.define());
  keeper.write();
  keeper.write();
  assert.equal(reports.filter((report) => report.startsWith("cannot write the app's state")).length, 2);
});

test("names and versions that could not be told to the next worker are refused where they are defined", () => {
  const { keeper } = keep(null);
  const define = (name: string, version: number): void =>
    keeper.register(new Counter().define({ name, version }));
  assert.throws(() => define("", 1), { code: "state-bad" });
  assert.throws(() => define("x".repeat(65), 1), { code: "state-bad" });
  assert.throws(() => define("x", -1), { code: "state-bad" });
  assert.throws(() => define("x", 1.5), { code: "state-bad" });
  for (let at = 0; at < 64; at += 1) define(`state ${at}`, 1);
  assert.throws(() => define("one too many", 1), { code: "state-bad", message: /at most 64/ });
  assert.throws(() => define("state 1", 1), { code: "state-twice" });
});

test("what is given is taken: the same values in another process", () => {
  const [old, next] = [new Counter(), new Counter()];
  const [giver, taker] = [keep(null).keeper, keep(null).keeper];
  giver.register(old.define());
  taker.register(next.define());
  old.value = 99;
  const { entries, fd, failure } = giver.give();
  assert.ok(fd !== undefined);
  assert.equal(failure, null);
  assert.equal(taker.take(entries, fd), null);
  assert.equal(next.value, 99);
  assert.match(taker.take(entries, undefined) ?? "", /did not arrive whole/);
  closeFd(fd);
  assert.equal(taker.take([], undefined), null);
});
