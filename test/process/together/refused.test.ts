import assert from "node:assert/strict";
import { test } from "node:test";
import { Together } from "../../harness/process/together.js";
import { judgedTables, untilProof } from "../../harness/process/trials.js";

async function assertUntouched(together: Together): Promise<void> {
  for (const { control, name } of together.rigs) {
    const status = await control.status();
    if (status.ok)
      assert.deepEqual(
        status.value.generations.map(({ id }) => id),
        [1],
        name,
      );
  }
}

test("where one does not run nothing is asked of any, and the exit status says so", async () => {
  await using together = new Together();
  await Promise.all([together.web.manager.startReady(), together.api.manager.startReady()]);
  const { status, stdout, stderr } = await together.all("upgrade");
  assert.deepEqual([status, stdout], [3, ""]);
  assert.match(stderr, new RegExp(`cannot reach ${together.worker.name}: it is not running`));
  assert.match(stderr, /\nnothing was asked of any instance\n$/);
  await assertUntouched(together);
});

test("where one has drained there is nothing it could go back to, and nothing is asked of any", async () => {
  await using together = new Together();
  await together.startReady();
  assert.ok((await together.api.control.order("drain")).ok);
  await together.api.until("its end", ({ generations }) => generations.length === 0);
  const { status, stderr } = await together.all("upgrade");
  assert.equal(status, 1);
  assert.match(
    stderr,
    new RegExp(`^holdfast: ${together.api.name}: it is drained, and no generation serves`),
  );
  assert.equal((await together.web.status()).generations[0]?.id, 1);
});

test("a plain app with strategy exclusive cannot stand by: nothing is committed, and the reason says why", async () => {
  await using together = new Together({}, { api: { exclusive: true, locked: true } });
  await together.startReady();
  const { status, stderr } = await together.all("upgrade");
  assert.equal(status, 1);
  assert.match(stderr, /with `strategy = "exclusive"` a version stands by only beside native workers/);
  await together.settled();
  assert.equal((await together.web.status()).generations[0]?.id, 1);
});

test("what stands by nowhere is not committed together", async () => {
  await using together = new Together({ native: true });
  await together.startReady();
  const { web, api, worker } = together;
  for (const rig of [web, api]) {
    assert.equal((await rig.upgrade("upgrade", { stage: true })).failure, null);
  }
  const { status, stderr } = await together.all("commit");
  assert.equal(status, 1);
  assert.match(stderr, new RegExp(`no generation stands by of ${worker.name}; nothing was asked`));
  assert.deepEqual(await together.versions(), ["1", "1", "1"]);
});

test("a commit or rollback that means another generation than the one that is there does nothing", async () => {
  await using together = new Together({ native: true });
  const { web: rig } = together;
  await rig.manager.startReady();
  rig.release({ version: "2" });
  assert.equal((await rig.upgrade("upgrade", { stage: true })).failure, null);
  const commit = await rig.control.commit({ only: 7 });
  assert.equal(commit.ok ? "" : commit.failure.reason, "other-generation");
  assert.equal((await rig.refusal("rollback", { only: 7 })).reason, "other-generation");
  assert.equal((await rig.ask()).version, "1");
  assert.ok((await rig.control.commit({ only: 2 })).ok);
  await rig.settled();
  assert.equal((await rig.refusal("rollback", { only: 1, to: 1 })).reason, "other-generation");
  assert.equal((await rig.upgrade("rollback", { only: 2, to: 1 })).failure, null);
  await rig.settled();
  assert.equal((await rig.ask()).version, "1");
});

test("one whose state the version before cannot take does not go back for the sake of another", async () => {
  await using together = new Together({ native: true });
  await together.startReady();
  const before = together.worker.workers();
  together.release("2", judgedTables({ trial: "10m" }));
  together.web.release({ version: "2", stateVersion: 2, migrates: true });
  const cli = together.startAll("upgrade", "--json");
  await Promise.all(together.rigs.map((rig) => untilProof(rig, "trial", 2)));
  const [worker] = together.worker.workers().filter((pid) => !before.includes(pid));
  assert.ok(worker !== undefined);
  process.kill(worker, "SIGKILL");
  const { status, stdout, stderr } = await cli.ended;
  assert.equal(status, 1);
  assert.match(
    stderr,
    new RegExp(`${together.web.name} did not go back from generation 2: .*cannot take its state`),
  );
  assert.equal((await together.web.status()).generations.find(({ phase }) => phase === "active")?.id, 2);
  assert.equal((await together.api.settled()).generations[0]?.id, 1);

  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const steps = lines
    .filter(({ outcome }) => outcome !== undefined)
    .map(({ instance, step }) => `${instance} ${step}`);
  for (const name of together.names) assert.ok(steps.includes(`${name} stage`), stdout);
  assert.ok(steps.includes(`${together.api.name} back`), stdout);
  const fates = lines.at(-1).together.instances.map(({ fate }: { fate: string }) => fate);
  assert.deepEqual(fates, ["unknown", "rolled-back", "failed"]);
});
