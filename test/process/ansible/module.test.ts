import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { replaceProgram, runHoldfast, runModule } from "../../harness/process/ansible-module.js";
import { Rig } from "../../harness/process/rig.js";
import { judgedTables } from "../../harness/process/trials.js";

const quick = { trial: "300ms", probation: "500ms" };

test("a release is taken once: the second time nothing is changed, and its proof is told each time", async () => {
  await using rig = new Rig({ config: judgedTables(quick) });
  await rig.manager.startReady();
  rig.release({ version: "2" });
  const first = await runHoldfast(rig, { message: "prices" });
  assert.deepEqual(
    [first.changed, first.generation, first.verdict, first.before?.generation],
    [true, 2, "proved", 1],
  );
  const second = await runHoldfast(rig);
  assert.deepEqual([second.changed, second.generation, second.verdict], [false, 2, "proved"]);
  assert.equal(second.account?.upgrade, first.account?.upgrade);
  assert.deepEqual(Object.keys(second.ansible_facts ?? {}), [`holdfast_${rig.name.replaceAll("-", "_")}`]);
  assert.deepEqual(
    (await rig.settled()).generations.map(({ id }) => id),
    [2],
  );
});

test("check mode tells the difference, and asks for nothing", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  rig.release({ version: "2" });
  const before = await rig.status();
  const { changed, diff, generation } = await runHoldfast(rig, {
    _ansible_check_mode: true,
    _ansible_diff: true,
  });
  assert.deepEqual([changed, generation], [true, 1]);
  assert.match(diff?.before ?? "", /release: .*release-1\n/);
  assert.match(
    diff?.after ?? "",
    /release: .*release-2\nconfig: release\nfiles: 1 changed, .*\n {2}puppet\.json\n/,
  );
  const after = await rig.status();
  assert.deepEqual([after.lastUpgrade, after.generations.length], [before.lastUpgrade, 1]);
});

test("what the daemon refuses is the module's failure, in the daemon's words, with what the version printed", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  rig.configure(`check = ["/bin/sh", "-c", "echo no such table; exit 3"]\n`);
  const { failed, msg, last_lines: lines, generation } = await runHoldfast(rig);
  assert.equal(failed, true);
  assert.match(msg ?? "", /^upgrade to generation 2 failed: .*status 3.*still serving generation 1$/);
  assert.ok(
    lines?.some((line) => line.includes("no such table")),
    lines?.join("\n"),
  );
  assert.equal(generation, undefined);
});

test("a version that its judges find bad fails the task once the service is back, and is taken again by force only", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  const bad = join(rig.directory, "bad");
  writeFileSync(bad, "");
  const judge = `command = ["/bin/sh", "-c", "test ! -e ${bad}"]`;
  // A trial does not wait for what its judge has not said yet.
  rig.configure(judgedTables({ ...quick, trial: "3s", judge }));
  const rejected = await runHoldfast(rig);
  assert.match(rejected.msg ?? "", /upgrade to generation 2 failed: .*still serving generation 1/);
  assert.match((await runHoldfast(rig)).msg ?? "", /were rejected at/);
  rmSync(bad);
  const forced = await runHoldfast(rig, { force: true });
  assert.deepEqual([forced.failed, forced.verdict], [false, "proved"]);
});

test("who waits until a version has proved itself hears at once that its workers were told to drain", () => {
  const script = `import sys
sys.path.insert(0, "packaging/ansible/plugins/module_utils")
import daemon
one = object.__new__(daemon.Daemon)
one.until = lambda what, look, status: look(status)
try:
    print(one.proved(2, {"lifecycle": "drained", "generations": []}))
except daemon.Refused as refused:
    print(refused.reason)`;
  const said = execFileSync("/usr/bin/python3", ["-B", "-c", script], { encoding: "utf8" });
  assert.equal(said, "generation 2 was told to drain before it had proved itself\n");
});

test("a version stands by, and is committed once", async () => {
  await using rig = new Rig({ native: true, config: judgedTables(quick) });
  await rig.manager.startReady();
  assert.equal((await runHoldfast(rig, { state: "staged" })).changed, false);
  rig.release({ version: "2" });
  const staged = await runHoldfast(rig, { state: "staged" });
  assert.deepEqual([staged.changed, staged.generation, staged.staged], [true, 1, 2]);
  assert.equal((await runHoldfast(rig, { state: "staged" })).changed, false);
  const at = Date.now() / 1_000 + 1.5;
  const committed = await runHoldfast(rig, { state: "committed", at });
  assert.deepEqual([committed.changed, committed.generation, committed.staged], [true, 2, null]);
  assert.ok((committed.committed_at ?? 0) >= at, "it was committed before its time");
  const again = await runHoldfast(rig, { state: "committed" });
  assert.deepEqual([again.changed, again.verdict], [false, "proved"]);
});

test("a rollback goes back once, by itself or to the generation that is named", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  rig.release({ version: "2" });
  await rig.upgrade();
  const back = await runHoldfast(rig, { state: "rolled_back" });
  assert.deepEqual([back.changed, back.generation], [true, 3]);
  assert.equal((await runHoldfast(rig, { state: "rolled_back" })).changed, false);
  assert.equal((await runHoldfast(rig, { state: "rolled_back", generation: 1 })).changed, false);
  const on = await runHoldfast(rig, { state: "rolled_back", generation: 2 });
  assert.deepEqual([on.changed, on.generation], [true, 4]);
});

test("a rollback drops what stands by, and leaves what serves", async () => {
  await using rig = new Rig({ native: true });
  await rig.manager.startReady();
  rig.release({ version: "2" });
  await runHoldfast(rig, { state: "staged" });
  const back = await runHoldfast(rig, { state: "rolled_back", generation: 1 });
  assert.deepEqual([back.changed, back.generation, back.staged], [true, 1, null]);
});

test("an upgrade whose controller has died is waited for by the next one, and not asked for again", async () => {
  await using rig = new Rig({ config: judgedTables({ ...quick, trial: "2s" }) });
  await rig.manager.startReady();
  rig.release({ version: "2" });
  await rig.control.request("upgrade");
  const { changed, generation, verdict } = await runHoldfast(rig);
  assert.deepEqual([changed, generation, verdict], [false, 2, "proved"]);
});

test("what is drained runs again, and what runs is left alone", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  assert.equal((await runHoldfast(rig, { state: "running" })).changed, false);
  await rig.control.order("drain");
  await rig.until("drained", ({ lifecycle }) => lifecycle === "drained");
  assert.deepEqual((await runHoldfast(rig, { state: "running" })).changed, true);
  assert.equal((await rig.ask()).version, "1");
});

test("a host on which the command is not installed is told of; in check mode its package may be about to bring it", async () => {
  await using rig = new Rig();
  const executable = join(rig.directory, "no-such-command");
  const said = await runModule(rig.directory, "holdfast", { name: rig.name, executable });
  assert.deepEqual([said.failed, said.changed], [true, false]);
  assert.match(said.msg ?? "", /cannot find the command .*no-such-command on the host/);
  const checked = await runModule(rig.directory, "holdfast", {
    name: rig.name,
    executable,
    _ansible_check_mode: true,
  });
  assert.deepEqual([checked.failed, checked.changed, checked.generation], [false, true, null]);
});

test("where the config's release leads to something else than was deployed, nothing is upgraded, and it is told what to set", async () => {
  await using rig = new Rig({ native: true });
  const config = readFileSync(rig.configFile, "utf8");
  const elsewhere = config.replace(/^release = .*$/m, `release = "${rig.releaseDirectory}"`);
  writeFileSync(rig.configFile, elsewhere);
  await rig.manager.startReady();
  rig.release({ version: "2" });
  const release = join(rig.directory, "current");
  for (const state of ["upgraded", "staged"]) {
    const { failed, msg } = await runHoldfast(rig, { state, release });
    assert.equal(failed, true, state);
    assert.match(
      msg ?? "",
      /^the config's release leads to .*release-1, and .*release-2 was deployed: set release = ".*\/current" in the config$/,
    );
  }
  assert.deepEqual((await rig.status()).generations.length, 1);
  writeFileSync(rig.configFile, config);
  const { changed, version } = await runHoldfast(rig, { release });
  assert.deepEqual([changed, version !== undefined], [true, true]);
  await rig.settled();
  assert.equal((await rig.ask()).version, "2");
});

test("a message is as it was given: nothing in it is a variable or a home directory of the host", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  rig.release({ version: "2" });
  await runHoldfast(rig, { message: "~ costs $HOME" });
  assert.equal(rig.state().outcomes.at(-1)?.asked?.message, "~ costs $HOME");
});

/** systemd, of whose units the active ones are files below `up`; what it is asked to do is a line in `asked`. */
function pretendSystemd(
  rig: Rig,
  onStart = "",
): { asked: () => string; set: (unit: string, to: string) => void } {
  const up = rig.makeDirectory("up");
  const asked = join(rig.directory, "asked");
  writeFileSync(asked, "");
  replaceProgram(
    rig.directory,
    "systemctl",
    `case $* in
      *TriggeredBy*) echo web.socket pull.timer ;;
      *ActiveState*) shift 4; for unit; do cat "${up}/$unit" 2>/dev/null || echo inactive; done ;;
      stop*) echo "$*" >> ${asked}; rm -f ${up}/* ;;
      start*) echo "$*" >> ${asked}; ${onStart || "exit 1"} ;;
    esac`,
  );
  return {
    asked: () => readFileSync(asked, "utf8"),
    set: (unit, to) => writeFileSync(join(up, unit), `${to}\n`),
  };
}

test("what is stopped is neither the service alone nor one that is about to stop: its sockets are, too, and it is waited for", async () => {
  await using rig = new Rig();
  const { asked, set } = pretendSystemd(rig);
  const stop = async () => (await runHoldfast(rig, { state: "stopped", unit: "web.service" })).changed;
  assert.deepEqual([await stop(), asked()], [false, ""]);
  const whole = "stop web.socket web.service\n";
  set("web.socket", "active");
  set("web.service", "failed");
  assert.deepEqual([await stop(), asked()], [true, whole]);
  set("web.service", "deactivating");
  assert.deepEqual([await stop(), asked()], [true, whole + whole]);
  assert.equal(await stop(), false);
});

test("a first start that fails is told with the last lines of the journal, and one that takes too long ends with the timeout", async () => {
  await using rig = new Rig();
  pretendSystemd(rig, "echo 'Job failed.' >&2; exit 1");
  replaceProgram(rig.directory, "journalctl", "echo no such table");
  const failed = await runHoldfast(rig);
  assert.deepEqual([failed.msg, failed.last_lines], ["Job failed.", ["no such table"]]);
  replaceProgram(rig.directory, "systemctl", "case $1 in start) sleep 30 ;; esac");
  assert.match((await runHoldfast(rig, { timeout: "200ms" })).msg ?? "", /^waited 200ms in vain/);
});

test("a start that serves what ran before, in the place of what is on the disk, has failed", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  await rig.manager.stop();
  rig.release({ version: "2", boot: "crash" });
  const go = join(rig.directory, "go");
  const { asked } = pretendSystemd(rig, `until test -e ${go}; do sleep 0.1; done`);
  const run = runHoldfast(rig);
  await rig.manager.waitFor("the start", () => asked() !== "");
  await rig.manager.startReady();
  writeFileSync(go, "");
  const { failed, msg } = await run;
  assert.equal(failed, true);
  assert.match(msg ?? "", /generation 1|version 1|release|not serve/);
  assert.equal((await rig.ask()).version, "1");
  assert.ok(existsSync(go));
});
