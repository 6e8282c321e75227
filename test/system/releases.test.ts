import assert from "node:assert/strict";
import { onEachRelease } from "../harness/service/promise.js";
import { losesNothing } from "../harness/service/under-load.js";
import { SOCKET, type WebService, type WebSetup } from "../harness/service/web-service.js";

const ON_SOCKET: WebSetup = { app: "node", socket: SOCKET };
const GUNICORN: WebSetup = { app: "gunicorn", socket: SOCKET };

/** A user of its own without any right, the file system read-only but for the state. */
const SANDBOX =
  "[Service]\nDynamicUser=yes\nProtectSystem=strict\nProtectHome=yes\nPrivateTmp=yes\nNoNewPrivileges=yes\n" +
  "CapabilityBoundingSet=\nUMask=0077\nRestrictSUIDSGID=yes\nSystemCallFilter=@system-service\nSystemCallErrorNumber=EPERM\n";

const BAD = { "server.js": 'throw new Error("bad")' };

/** The version that answers, and the one that the daemon says it runs. */
async function versions(web: WebService): Promise<readonly (string | null)[]> {
  const { version } = await web.settled();
  const answered = await web.container.sh(`curl -sS -H 'Connection: close' http://${web.address}/`);
  return [answered.trim(), version];
}

async function crashWorkers(web: WebService): Promise<void> {
  const pids = (await web.settled()).workers.map(({ pid }) => pid);
  await web.container.sh(`kill -9 ${pids.join(" ")}`);
}

onEachRelease("releases", (promise) => {
  for (const [setup, flaws] of [
    [ON_SOCKET, BAD],
    [GUNICORN, { "crash-at-boot": "" }],
  ] as const) {
    promise(
      `${setup.app}: a bad version written over the release in place never serves, not after a crash, a stop and a start`,
      setup,
      async (web) => {
        await web.must("start");
        await losesNothing(web, async () => {
          await web.overwrite("v2", flaws);
          assert.equal((await web.systemctl("reload")).code, 1);
        });
        await crashWorkers(web);
        assert.deepEqual(await versions(web), ["v1", "v1"]);
        await web.must("stop");
        await web.must("start");
        assert.deepEqual(await versions(web), ["v1", "v1"]);
        assert.match(
          await web.show("StatusText"),
          /the release could not be started, so what ran last serves: worker/,
        );
        const { code, stdout } = await web.cli("status");
        assert.equal(code, 4);
        assert.match(stdout, /degraded: the release could not be started/);

        await web.deploy("v3");
        await losesNothing(web, () => web.must("reload"));
        assert.deepEqual(await versions(web), ["v3", "v3"]);
        assert.equal((await web.cli("status")).code, 0);
      },
    );
  }

  promise(
    "with the release deleted the service goes on, starts again, and is rolled back",
    ON_SOCKET,
    async (web) => {
      await web.must("start");
      await web.deploy("v2");
      await web.must("reload");
      await web.container.sh(`rm -r /srv/${web.name}`);
      await losesNothing(web, async () => {
        assert.equal((await web.systemctl("reload")).code, 1);
        const { code, stderr } = await web.cli("rollback");
        assert.equal(code, 0, stderr);
      });
      assert.deepEqual(await versions(web), ["v1", "v1"]);
      const back = await web.cli("rollback", "2");
      assert.equal(back.code, 0, back.stderr);
      assert.deepEqual(await versions(web), ["v2", "v2"]);
      assert.match((await web.cli("rollback", "77")).stderr, /what can be returned to is/);
      await web.must("stop");
      await web.must("start");
      assert.deepEqual(await versions(web), ["v2", "v2"]);
      const { code, stdout } = await web.cli("history");
      assert.equal(code, 0);
      assert.match(stdout, /^1 +v1 .* superseded by generation 2$/m);
    },
  );

  promise(
    "in a sandbox, as a user of its own: the snapshot is read-only, and what has not changed is linked",
    ON_SOCKET,
    async (web) => {
      await web.dropIn(SANDBOX);
      await web.container.sh("chmod 644 /etc/holdfast/*.toml");
      await web.must("start");
      await web.overwrite("v2");
      await losesNothing(web, () => web.must("reload"));
      assert.deepEqual(await versions(web), ["v2", "v2"]);
      const releases = `/var/lib/holdfast/${web.name}/releases`;
      const inode = (path: string): Promise<string> => web.container.sh(`stat -L -c %i ${path}`);
      assert.equal(await inode(`${releases}/1/server.js`), await inode(`${releases}/2/server.js`));
      assert.notEqual(await inode(`${releases}/1/version`), await inode(`${releases}/2/version`));
      assert.notEqual(
        await inode(`${releases}/2/server.js`),
        await inode(`/srv/${web.name}/current/server.js`),
      );
      assert.equal(await web.container.sh(`find ${releases}/2/ -perm /222 ! -type l`), "");
      await web.container.sh(`rm -r /srv/${web.name}`);
      await losesNothing(web, async () => assert.equal((await web.cli("rollback")).code, 0));
      assert.deepEqual(await versions(web), ["v1", "v1"]);
    },
  );
});
