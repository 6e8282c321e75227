import assert from "node:assert/strict";
import { DEADLINE_MS, waitUntil } from "../harness/container/wait-until.js";
import { unjudgedTables } from "../harness/process/unjudged.js";
import { onEachRelease } from "../harness/service/promise.js";
import { losesNothing } from "../harness/service/under-load.js";
import { SOCKET, versionOf, WebService, workerPids } from "../harness/service/web-service.js";

const MAX_EXPOSURE = 1.5;

onEachRelease("the sandbox", (promise) => {
  promise("exposes at most 1.5 by systemd's own measure", { app: "node" }, async (web) => {
    const table = await web.container.sh(`systemd-analyze security --no-pager ${web.unit}`);
    const exposure = Number(/Overall exposure level for .*: ([0-9.]+)/.exec(table)?.[1]);
    assert.ok(exposure <= MAX_EXPOSURE, table);
  });

  promise(
    "each instance has a user of its own, who can neither read another's data nor talk to its daemon",
    { app: "node" },
    async (web) => {
      const other = await WebService.install(web.container, { app: "node" });
      try {
        await web.must("start");
        await other.must("start");
        const own = `runuser -u holdfast-${web.name} --`;
        await web.container.sh(`${own} test -r /var/lib/holdfast/${web.name}/state.json`);
        await web.container.sh(`! ${own} test -e /var/lib/holdfast/${other.name}/state.json`);
        await web.container.sh(`! ${own} ls /var/cache/holdfast/${other.name}`);
        assert.equal(
          (await web.container.exec(["/bin/sh", "-c", `${own} holdfast -n ${web.name} status`])).code,
          0,
        );
        const denied = await web.container.exec(["/bin/sh", "-c", `${own} holdfast -n ${other.name} status`]);
        assert.notEqual(denied.code, 0, denied.stdout);
        const [worker = 0] = workerPids(await web.settled());
        const uid = await web.container.sh(`id -u holdfast-${web.name}`);
        assert.match(
          await web.container.read(`/proc/${worker}/status`),
          new RegExp(`^Uid:\\t${uid}\\t`, "m"),
        );
      } finally {
        await other.end();
      }
    },
  );

  promise(
    "members of the groups that the config names may look, or act, with the command; nobody else",
    {
      app: "node",
      config: { judged: `${unjudgedTables}[control]\nviewers = "lookers"\noperators = "operators"\n` },
    },
    async (web) => {
      await web.container.sh(
        "groupadd lookers; groupadd operators; useradd -G lookers bob; useradd -G operators anna; useradd eve",
      );
      const as = async (user: string, ...args: string[]): Promise<number | null> =>
        (await web.container.exec(["runuser", "-u", user, "--", "holdfast", "-n", web.name, ...args])).code;
      await web.must("start");
      await waitUntil("the groups to be let in", DEADLINE_MS, async () => (await as("bob", "status")) === 0);
      assert.deepEqual([await as("bob", "history"), await as("bob", "upgrade")], [0, 5]);
      assert.equal(await as("eve", "status"), 5);
      await web.deploy("v2");
      assert.equal(await as("anna", "upgrade"), 0);
      assert.equal(versionOf(await web.settled()), "v2");
      await web.must("restart");
      await waitUntil("them to be let in again", DEADLINE_MS, async () => (await as("bob", "status")) === 0);
      assert.equal(await as("eve", "drain"), 5);
    },
  );

  promise(
    "workers that outlive their daemon keep their /tmp",
    { app: "node", socket: SOCKET },
    async (web) => {
      await web.must("start");
      const [worker = 0] = workerPids(await web.settled());
      const inside = (script: string): Promise<string> =>
        web.container.sh(`nsenter --target ${worker} --mount /bin/sh -c '${script}'`);
      await inside("echo kept > /tmp/upload");
      await losesNothing(web, async () => assert.equal((await web.cli("reexec")).code, 0));
      assert.ok(workerPids(await web.settled()).includes(worker));
      assert.equal(await inside("cat /tmp/upload; touch /tmp/more"), "kept");
      await web.container.sh("test ! -e /tmp/upload");
    },
  );

  promise("nothing but its own directories can be written", { app: "node" }, async (web) => {
    await web.must("start");
    const [worker = 0] = workerPids(await web.settled());
    const write = (path: string): Promise<string> =>
      web.container.sh(
        `nsenter --target ${worker} --mount setpriv --reuid holdfast-${web.name} --regid holdfast-${web.name} --clear-groups ` +
          `/bin/sh -c 'touch ${path}/x 2>/dev/null && rm ${path}/x && echo yes || echo no'`,
      );
    for (const path of [`/var/lib/holdfast/${web.name}`, `/run/holdfast/${web.name}`, "/tmp", "/var/tmp"]) {
      assert.equal(await write(path), "yes", path);
    }
    for (const path of ["/srv", "/etc", "/usr", "/var/lib", "/run", "/home"])
      assert.equal(await write(path), "no", path);
  });
});
