import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as v from "valibot";
import { Rig } from "../../harness/process/rig.js";
import { judgedTables, untilProof } from "../../harness/process/trials.js";

const asked = v.object({
  generation: v.number(),
  phase: v.string(),
  now: v.object({ generation: v.number(), deaths: v.number(), responses: v.number() }),
  before: v.object({ generation: v.number() }),
});

/** Version 2 is to be judged by a shell script, which gets what it is told from the file `asked`. */
async function startJudgedBy(rig: Rig, script: string, trial: string): Promise<void> {
  await rig.manager.startReady();
  const file = join(rig.directory, "judge.sh");
  writeFileSync(file, `cat >> ${join(rig.directory, "asked")}\n${script}\n`);
  rig.release({ version: "2" });
  rig.configure(judgedTables({ trial, judge: `command = ["/bin/sh", ${JSON.stringify(file)}]` }));
}

test("a command says no: the version is left without a loss, and what it said last is the reason", async () => {
  await using rig = new Rig({ workers: 2 });
  await startJudgedBy(rig, "echo looking; echo p99 is 900 ms; exit 1", "20s");
  await using load = rig.load();
  const { failure } = await rig.upgrade();
  assert.equal(failure?.reason, "trial-failed");
  assert.match(failure.message, /says that it is bad: p99 is 900 ms$/);
  assert.equal((await rig.settled()).generations[0]?.id, 1);
  const text = readFileSync(join(rig.directory, "asked"), "utf8");
  const { generation, phase, now, before } = v.parse(v.pipe(v.string(), v.parseJson(), asked), text);
  assert.deepEqual([generation, phase, now.generation, before.generation], [2, "trial", 2, 1]);
  await load.stop();
  assert.deepEqual(load.failures, []);
});

for (const [what, script] of [
  ["has nothing to say against it", "exit 0"],
  ["has no verdict", "exit 2"],
  ["is killed", "kill -9 $$"],
  ["never ends", "sleep 600"],
] as const) {
  test(`a command that ${what} holds nothing up`, async () => {
    await using rig = new Rig();
    await startJudgedBy(rig, script, "400ms");
    assert.equal((await rig.upgrade()).failure, null);
    await untilProof(rig, "probation", 2);
    // A trial does not wait for a command that has not come to read; the probation asks once more.
    await rig.manager.waitFor("the question", () => {
      const file = join(rig.directory, "asked");
      return existsSync(file) && readFileSync(file, "utf8").includes('"generation":2');
    });
    assert.equal((await rig.settled()).degraded, null);
  });
}

test("a command that is not there is no verdict either", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  rig.release({ version: "2" });
  rig.configure(judgedTables({ trial: "400ms", judge: 'command = ["/nonexistent/judge"]' }));
  assert.equal((await rig.upgrade()).failure, null);
  await untilProof(rig, "probation", 2);
});
