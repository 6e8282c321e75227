import assert from "node:assert/strict";
import { DEADLINE_MS, waitUntil } from "../harness/container/wait-until.js";
import { onEachRelease } from "../harness/service/promise.js";
import {
  assertNobodyRefused,
  assertNothingLost,
  losesNothing,
  underLoad,
} from "../harness/service/under-load.js";
import { SOCKET, versionOf, type WebService, type WebSetup } from "../harness/service/web-service.js";

/** As somebody has it who sets nothing. */
const judged = "";
const PLAIN: WebSetup = { app: "flawed-plain", socket: SOCKET, config: { judged } };
/** Its own workers close no connection that is kept alive, so nobody keeps one. */
const fresh = { keepAlive: 0, slow: 0 };
/** For what comes in the middle: a trial that is long enough to do something in it, and a probation that never ends. */
const LONG: WebSetup = {
  app: "flawed-plain",
  config: { judged: '[trial]\ntime = "6s"\n[probation]\ntime = "1h"\n' },
};

async function phases(web: WebService): Promise<string> {
  return (await web.status()).generations.map(({ phase }) => phase).join();
}

async function untilOnTrial(web: WebService): Promise<void> {
  await waitUntil("a trial", 30_000, async () => (await phases(web)) === "held,active");
}

/** Waits until that version serves again, after another one. */
async function untilBackTo(web: WebService, version: string): Promise<void> {
  await waitUntil(`the way back to ${version}`, 60_000, async () => {
    const { generations, upgrade } = await web.status();
    const [only, other] = generations;
    if (upgrade !== null || other !== undefined || only?.phase !== "active") return false;
    return versionOf(only) === version;
  });
}

/** What somebody sees who looks: STATUS, `holdfast status` and its exit status, `holdfast history`. */
async function assertSaid(web: WebService, why: RegExp): Promise<void> {
  assert.match(await web.show("StatusText"), why);
  const status = await web.cli("status");
  assert.equal(status.code, 4, status.stdout);
  assert.match(status.stdout, why);
  assert.match((await web.cli("history")).stdout, why);
}

/** How often the journal has this event of the unit, once it has come there. */
function journaled(web: WebService, event: string): Promise<number> {
  const count = `journalctl -q -o cat -u ${web.unit} HOLDFAST_EVENT=${event} | wc -l`;
  return waitUntil(`${event} in the journal`, DEADLINE_MS, async () => {
    return Number(await web.container.sh(count)) || null;
  });
}

async function killWorker(web: WebService): Promise<void> {
  const { generations } = await web.status();
  const active = generations.find(({ phase }) => phase === "active");
  await web.container.sh(`kill -9 ${active?.workers[0]?.pid}`);
}

onEachRelease("versions that have to prove themselves", (promise) => {
  promise(
    "gunicorn without --preload and an import that fails: reload fails, the old version serves on, by default",
    { app: "flawed-gunicorn", socket: SOCKET, config: { judged } },
    async (web) => {
      await web.must("start");
      const report = await losesNothing(web, async () => {
        await web.deploy("v2", { "import-fails": "" });
        assert.equal((await web.systemctl("reload")).code, 1);
        assert.equal(await web.show("ReloadResult"), "exit-code");
        assert.equal(await web.show("ActiveState"), "active");
        assert.equal(versionOf(await web.settled()), "v1");
      });
      assert.deepEqual(Object.keys(report.versions), ["v1"]);
      await assertSaid(web, /generation 2 was on trial: worker 2\.\d exited with status \d/);
      assert.equal(await journaled(web, "upgrade-failed"), 1);
      // The same once more is not even tried, and a good one heals.
      assert.equal((await web.systemctl("reload")).code, 1);
      await assertSaid(web, /rejected at .*generation 2 was on trial/);
      await web.deploy("v3");
      await losesNothing(web, () => web.must("reload"));
      assert.equal(versionOf(await web.settled()), "v3");
      assert.equal((await web.cli("status")).code, 0);
    },
  );

  promise(
    "a version that dies of a request after its trial: what was there before is back by itself, and nobody is refused; no restart and no boot brings it again",
    PLAIN,
    async (web) => {
      await web.must("start");
      const report = await underLoad(
        web,
        async (load) => {
          await web.deploy("v2", { "dies-at": "250" });
          await web.must("reload");
          await untilBackTo(web, "v1");
          assert.ok(load.report.versions["v2"] !== undefined, "it served");
        },
        fresh,
      );
      assertNobodyRefused(report);
      const why = /generation 2 was on probation: worker 2\.\d was ended by SIGKILL/;
      await assertSaid(web, why);
      assert.equal(await journaled(web, "generation-rejected"), 1);

      await losesNothing(web, () => web.must("restart"), fresh);
      assert.equal(versionOf(await web.settled()), "v1");
      await web.must("enable");
      await web.container.sh(`systemctl enable ${web.socketUnit} 2>/dev/null || true`);
      await web.container.reboot();
      await web.waitFor("ActiveState", "active");
      assert.equal(versionOf(await web.settled()), "v1");
      await assertSaid(web, /rejected at .*generation 2 was on probation/);
      await web.must("disable");
    },
  );

  for (const [what, flaws, readyRule] of [
    ["listens on a port that nobody gave it", { "other-port": "0" }, ""],
    ["says READY and never accepts", { "never-accepts": "" }, ""],
    ["is taken for ready after a while and never accepts", { "never-accepts": "" }, 'after = "500ms"'],
  ] as const) {
    promise(`a version that ${what}: back by itself, and clients wait at most`, PLAIN, async (web) => {
      await web.must("start");
      const report = await underLoad(
        web,
        async () => {
          await web.configure({ readyRule });
          await web.deploy("v2", flaws);
          await web.systemctl("reload");
          await untilBackTo(web, "v1");
        },
        fresh,
      );
      assertNothingLost(report);
      assert.deepEqual(Object.keys(report.versions), ["v1"]);
      await assertSaid(web, /generation 2 was on probation: listener http: .*none has been accepted/);
      await web.deploy("v3");
      await losesNothing(web, () => web.must("reload"), fresh);
      assert.equal(versionOf(await web.settled()), "v3");
    });
  }

  promise(
    "a native version that answers 500: reload fails, and whoever kept a connection to the old one has noticed nothing",
    { app: "flawed-native", socket: SOCKET, config: { judged } },
    async (web) => {
      await web.must("start");
      const report = await underLoad(
        web,
        async () => {
          await web.deploy("v2", { fails: "1" });
          assert.equal((await web.systemctl("reload")).code, 1);
          assert.equal(versionOf(await web.settled()), "v1");
        },
        { freshPerSecond: 200, slow: 0 },
      );
      assert.equal(report.refused + report.reset + report.cut + report.timedOut, 0, JSON.stringify(report));
      assert.equal(report.kinds.keepAlive.ok, report.kinds.keepAlive.requests, JSON.stringify(report));
      await assertSaid(web, /generation 2 was on trial: \d+ of \d+ responses failed/);
    },
  );

  for (const [what, reloadEnds, replace] of [
    [
      "kill -9 of the daemon",
      // systemd ends the reload with the main process, and nobody can know yet how it ends.
      1,
      (web: WebService) => web.mainPid().then((pid) => web.container.sh(`kill -9 ${pid}`)),
    ],
    ["holdfast reexec", 0, (web: WebService) => web.cli("reexec")],
  ] as const) {
    promise(
      `${what} in the middle of a trial, and of a probation: both go on, and a bad version is still left`,
      LONG,
      async (web) => {
        await web.must("start");
        await losesNothing(
          web,
          async () => {
            await web.deploy("v2");
            const reload = web.systemctl("reload");
            await untilOnTrial(web);
            const daemon = await web.mainPid();
            await replace(web);
            await web.successorOf(daemon);
            assert.equal(await phases(web), "held,active");
            assert.equal((await reload).code, reloadEnds);
            // A reload that ends well has seen the end; the old version may still drain.
            if (reloadEnds === 0) assert.match(await phases(web), /^(draining,)?active$/);
            await waitUntil("the end of the trial", 30_000, async () => (await phases(web)) === "active");
            const second = await web.mainPid();
            await replace(web);
            await web.successorOf(second);
          },
          fresh,
        );
        assert.equal(versionOf(await web.settled()), "v2");
        assert.equal((await web.cli("status")).code, 0);
        await killWorker(web);
        await untilBackTo(web, "v1");
        await assertSaid(web, /generation 2 was on probation/);
      },
    );
  }

  promise(
    "systemctl restart in the middle of a trial, and of a probation: nothing is lost, and a bad version is still left",
    LONG,
    async (web) => {
      await web.must("start");
      await losesNothing(
        web,
        async () => {
          await web.deploy("v2");
          const reload = web.systemctl("reload");
          await untilOnTrial(web);
          await web.must("restart");
          await reload;
          assert.equal(versionOf(await web.settled()), "v2");
          await web.must("restart");
        },
        fresh,
      );
      assert.equal(versionOf(await web.settled()), "v2");
      assert.equal((await web.cli("status")).code, 0);
      await killWorker(web);
      await untilBackTo(web, "v1");
      await assertSaid(web, /was on probation/);
    },
  );

  promise(
    "the machine is started again in the middle of a trial, and of a probation: the version is judged anew, and left for what was proved",
    LONG,
    async (web) => {
      await web.must("enable");
      await web.must("start");
      await web.deploy("v2");
      const reload = web.systemctl("reload");
      await untilOnTrial(web);
      await web.container.reboot();
      await reload;
      await web.waitFor("ActiveState", "active");
      assert.equal(versionOf(await web.settled()), "v2");
      await web.container.reboot();
      await web.waitFor("ActiveState", "active");
      assert.equal(versionOf(await web.settled()), "v2");
      await killWorker(web);
      await untilBackTo(web, "v1");
      await assertSaid(web, /was on probation: worker \d+\.\d was ended by SIGKILL/);
      await web.must("disable");
    },
  );
});
