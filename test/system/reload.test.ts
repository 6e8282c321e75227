import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { pathInCheckout } from "../harness/container/checkout.js";
import { DEADLINE_MS, waitUntil } from "../harness/container/wait-until.js";
import { onEachRelease } from "../harness/service/promise.js";
import { losesNothing } from "../harness/service/under-load.js";
import { versionOf, type WebService } from "../harness/service/web-service.js";

const COMMAND = "/usr/bin/holdfast -n %i upgrade";
const WAIT = "until rm %t/holdfast/%i/go; do sleep 0.05; done 2>/dev/null";

/** From now on a reload is as in the unit that is shipped, but its command waits for {@link letCommandGo}. */
async function holdCommand(web: WebService): Promise<void> {
  const unit = readFileSync(pathInCheckout("units/holdfast@.service"), "utf8");
  const shipped = unit.split("\n").filter((line) => line.startsWith("ExecReload="));
  const held = shipped.map((line) => line.replace(`; exec ${COMMAND}`, `; ${WAIT}$&`));
  assert.notDeepEqual(held, shipped);
  await web.dropIn(["[Service]", "ExecReload=", ...held, ""].join("\n"));
}

function letCommandGo(web: WebService): Promise<string> {
  return web.container.sh(`: >/run/holdfast/${web.name}/go`);
}

onEachRelease("reloads", (promise) => {
  promise(
    "the new version serves before the command of its reload has begun, which is told of that one upgrade",
    { app: "node" },
    async (web) => {
      await holdCommand(web);
      await web.must("start");
      await losesNothing(web, async () => {
        await web.deploy("v2");
        const reload = web.systemctl("reload");
        assert.equal(versionOf(await settledAt(web, 2)), "v2");
        assert.equal(await web.show("ActiveState"), "reloading");
        await letCommandGo(web);
        assert.equal((await reload).code, 0);
      });
      assert.equal(await web.show("ActiveState"), "active");
      assert.equal(await web.show("ReloadResult"), "success");
      assert.equal((await web.settled()).id, 2);
    },
  );

  promise(
    "a reload fails when its upgrade has failed before its command looks, and the next one is its own",
    { app: "node" },
    async (web) => {
      await holdCommand(web);
      await web.must("start");
      await web.deploy("v2", { "crash-at-boot": "" });
      const bad = web.systemctl("reload");
      await waitUntil("its failure", DEADLINE_MS, async () => {
        return (await web.status()).lastUpgrade?.failure?.reason === "worker-exited";
      });
      await web.deploy("v3");
      await letCommandGo(web);
      assert.equal((await bad).code, 1);
      assert.equal(await web.show("ReloadResult"), "exit-code");
      assert.equal(versionOf(await web.settled()), "v1");
      await letCommandGo(web);
      await web.must("reload");
      assert.equal(versionOf(await web.settled()), "v3");
    },
  );

  promise(
    "a daemon that dies between the signal of a reload and its command: the reload fails, and the next daemon goes on with it",
    { app: "node" },
    async (web) => {
      await holdCommand(web);
      await web.must("start");
      await losesNothing(web, async () => {
        const letBoot = await web.deployHeld("v2");
        const reload = web.systemctl("reload");
        await waitUntil("the upgrade", DEADLINE_MS, async () => {
          return (await web.status()).upgrade?.generation === 2;
        });
        await web.container.sh(`kill -9 ${await web.mainPid()}`);
        await letCommandGo(web);
        assert.equal((await reload).code, 1);
        await letBoot();
        assert.equal(versionOf(await settledAt(web, 2)), "v2");
      });
    },
  );

  promise(
    "a reload with nothing changed copies nothing: the new generation runs in the snapshot of the one before, which goes when neither is kept",
    { app: "node", config: { more: 'environment = { PORT = "{port}" }\nkeep = 1' } },
    async (web) => {
      await web.must("start");
      const snapshots = async (): Promise<string> => {
        return (
          await web.container.sh(`ls -I '*.manifest' -I node_modules /var/lib/holdfast/${web.name}/releases`)
        ).trim();
      };
      await losesNothing(web, () => web.must("reload"));
      assert.equal((await web.settled()).id, 2);
      assert.equal(await snapshots(), "1");
      for (const version of ["v2", "v3"]) {
        await web.deploy(version);
        await web.must("reload");
        assert.equal(versionOf(await web.settled()), version);
      }
      await waitUntil("the first snapshot's end", DEADLINE_MS, async () => (await snapshots()) === "3\n4");
    },
  );

  promise("a unit whose reload is the command alone works as ever", { app: "node" }, async (web) => {
    await web.dropIn(`[Service]\nExecReload=\nExecReload=${COMMAND}\n`);
    await web.must("start");
    await web.deploy("v2");
    await losesNothing(web, () => web.must("reload"));
    assert.equal((await web.settled()).id, 2);
    await web.deploy("v3", { "crash-at-boot": "" });
    assert.equal((await web.systemctl("reload")).code, 1);
    assert.equal(versionOf(await web.settled()), "v2");
  });
});

function settledAt(web: WebService, id: number): ReturnType<WebService["settled"]> {
  return waitUntil(`generation ${id} alone`, DEADLINE_MS, async () => {
    const active = await web.settled();
    return active.id === id ? active : null;
  });
}
