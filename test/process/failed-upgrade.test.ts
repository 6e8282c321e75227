import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { balance } from "../harness/process/accounts.js";
import { Rig } from "../harness/process/rig.js";

/** Only for what is never to be in time: a slow machine needs as long to start what is good. */
const quick = '[ready]\ntimeout = "500ms"\n';

const bad: readonly [what: string, reason: string, message: RegExp, spoil: (rig: Rig) => void][] = [
  [
    "crashes at boot (tableflip's unclean exit)",
    "worker-exited",
    /worker 2\.[01] exited with status 3 before it was ready/,
    (rig) => rig.release({ version: "2", boot: "crash" }),
  ],
  [
    "never says that it is ready (tableflip's timeout)",
    "start-timeout",
    /not ready within 0.5 s/,
    (rig) => {
      rig.configure(quick);
      rig.release({ version: "2", boot: "silent" });
    },
  ],
  [
    "fails its check (einhorn's)",
    "check-failed",
    /^the check failed: \/bin\/sh -c .* exited with status 1$/,
    (rig) => rig.configure(`check = ["/bin/sh", "-c", "echo no, this one is bad; exit 1"]\n`),
  ],
  [
    "has a check that does not end",
    "check-timeout",
    /did not end within 0.5 s/,
    (rig) => rig.configure(`check = ["/bin/sh", "-c", "echo asks; sleep 60"]\n${quick}`),
  ],
  [
    "has a command that does not exist",
    "command-missing",
    /no-such-program/,
    (rig) => writeFileSync(rig.configFile, 'command = ["no-such-program"]\n'),
  ],
  [
    "has a config that does not parse (unicorn's)",
    "config-syntax",
    /service\.toml:2/,
    (rig) => writeFileSync(rig.configFile, 'command = ["true"]\nworkers = = 2\n'),
  ],
  [
    "has no release directory",
    "release-invalid",
    /cannot use the release/,
    (rig) => rmSync(join(rig.directory, "current")),
  ],
];

const run = promisify(execFile);
const cli = fileURLToPath(new URL("../../src/cli.js", import.meta.url));

test("the CLI exits 1 after a failed upgrade and says why, 0 after a good one", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  const upgrade = (): Promise<unknown> =>
    run(process.execPath, [cli, "--socket", `${rig.runtimeDirectory}/control.sock`, "upgrade"]);
  rig.release({ version: "2", boot: "crash" });
  await assert.rejects(upgrade(), { code: 1, stderr: /exited with status 3 before it was ready/ });
  rig.release({ version: "2" });
  await upgrade();
  assert.equal((await rig.settled()).generations[0]?.id, 3);
});

test("Server::Starter: while one new version after the other fails, the old one answers, and each failure says why", async (t) => {
  await using rig = new Rig({ workers: 2 });
  await rig.manager.startReady();
  const { pid } = await rig.ask();
  await using load = rig.load();
  for (const [what, reason, message, spoil] of bad) {
    await t.test(`one that ${what}`, async () => {
      rig.configure();
      rig.release({ version: "1" });
      spoil(rig);
      const outcome = await rig.upgrade();
      assert.equal(outcome.failure?.reason, reason, outcome.failure?.message);
      assert.match(outcome.failure.message, message);
      if (reason === "check-timeout") assert.equal(outcome.failure.output, "asks");
      const status = await rig.settled();
      assert.equal(status.generations[0]?.id, 1);
      assert.match(status.summary, /still serving 1/);
      assert.match(status.degraded ?? "", /the last upgrade failed/);
      await balance(rig);
    });
  }
  assert.ok(rig.workers().includes(pid), "the old workers are other ones now");
  rig.configure();
  rig.release({ version: "3" });
  assert.equal((await rig.upgrade()).failure, null);
  await rig.settled();
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.equal((await rig.ask()).version, "3");
});

test("what a failed check printed is told once, and is not in STATUS, which everybody may read", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  rig.configure('check = ["/bin/sh", "-c", "printf \'%s\' SEC; echo RET; exit 1"]\n');
  const cliOf = (...words: string[]): Promise<{ stdout: string; stderr: string }> =>
    run(process.execPath, [cli, "--socket", `${rig.runtimeDirectory}/control.sock`, ...words]);
  const failed = await cliOf("upgrade").then(
    () => undefined,
    (error: { stdout: string; stderr: string }) => error,
  );
  assert.match(
    failed?.stderr ?? "",
    /the check failed: .* exited with status 1; .*\nit printed:\n {2}SECRET\n$/,
  );
  assert.doesNotMatch(failed?.stdout ?? "", /SECRET/);
  assert.doesNotMatch(rig.manager.messages.join("\n"), /SECRET/);
  const page = await cliOf("status").catch((error: { stdout: string }) => error);
  assert.match(page.stdout, /the last lines of generation 2:\n {2}SECRET/);
  assert.equal(rig.manager.log().match(/SECRET/g)?.length, 1);
});

test("a candidate that listened and failed leaves the backlog as it was", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  rig.configure(quick);
  const limit = (await rig.settled()).listeners[0]?.backlog?.limit;
  rig.release({ version: "2", boot: "silent" });
  assert.equal((await rig.upgrade()).failure?.reason, "start-timeout");
  assert.equal((await rig.settled()).listeners[0]?.backlog?.limit, limit);
});
