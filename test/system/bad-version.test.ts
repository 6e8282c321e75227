import assert from "node:assert/strict";
import { DEADLINE_MS, waitUntil } from "../harness/container/wait-until.js";
import { onEachRelease } from "../harness/service/promise.js";
import { losesNothing } from "../harness/service/under-load.js";
import {
  SOCKET,
  versionOf,
  type WebService,
  type WebSetup,
  workerPids,
} from "../harness/service/web-service.js";

const ON_SOCKET: WebSetup = { app: "node", socket: SOCKET };
const GUNICORN: WebSetup = { app: "gunicorn", socket: SOCKET };

interface Mistake {
  readonly what: string;
  readonly setup: WebSetup;
  readonly make: (web: WebService) => Promise<void>;
  /** What STATUS says of it. */
  readonly says: RegExp;
}

const MISTAKES: readonly Mistake[] = [
  {
    what: "a version that crashes at boot",
    setup: GUNICORN,
    make: (web) => web.deploy("v2", { "crash-at-boot": "" }),
    says: /generation 2 failed: worker 2\.\d exited with status [1-9]\d* before it was ready; still serving 1/,
  },
  {
    what: "a version that is never ready",
    setup: ON_SOCKET,
    make: async (web) => {
      await web.configure({ readyTimeout: "700ms" });
      await web.deploy("v2", { "never-ready": "" });
    },
    says: /generation 2 failed: 2 of 2 worker\(s\) not ready within .*; still serving 1/,
  },
  {
    what: "a check that fails",
    setup: { app: "node" },
    make: async (web) => {
      await web.configure({ check: ["/bin/sh", "-c", "echo no >&2; exit 3"] });
      await web.deploy("v2");
    },
    says: /generation 2 failed: the check failed: .*; still serving 1/,
  },
  {
    what: "a config that is no TOML",
    setup: { app: "node" },
    make: async (web) => {
      await web.deploy("v2");
      await web.writeConfig("command = [");
    },
    says: /upgrade failed: .*\/etc\/holdfast\/web\d+\.toml.*; still serving 1/s,
  },
];

async function assertServesV1(web: WebService, says: RegExp): Promise<void> {
  assert.equal(await web.show("ActiveState"), "active");
  assert.match(await web.show("StatusText"), says);
  assert.equal(versionOf(await web.settled()), "v1");
  assert.equal((await web.cli("status")).code, 4);
}

onEachRelease("bad versions", (promise) => {
  for (const { what, setup, make, says } of MISTAKES) {
    promise(`${what} never takes a request; reload fails, a good version heals`, setup, async (web) => {
      await web.must("start");
      const report = await losesNothing(web, async () => {
        await make(web);
        assert.equal((await web.systemctl("reload")).code, 1);
        assert.equal(await web.show("ReloadResult"), "exit-code");
        await assertServesV1(web, says);
      });
      assert.deepEqual(Object.keys(report.versions), ["v1"]);

      await web.configure({ check: null, readyTimeout: "20s" });
      await web.deploy("v3");
      await losesNothing(web, () => web.must("reload"));
      assert.equal(versionOf(await web.settled()), "v3");
      assert.equal((await web.cli("status")).code, 0);
    });
  }

  promise(
    "a bad version at a restart: the old one serves on, the unit is active and says so",
    ON_SOCKET,
    async (web) => {
      await web.must("start");
      const report = await losesNothing(web, async () => {
        await web.deploy("v2", { "crash-at-boot": "" });
        await web.must("restart");
        await assertServesV1(web, /generation 2 failed: .*; still serving 1/);
      });
      assert.deepEqual(Object.keys(report.versions), ["v1"]);
      await web.deploy("v3");
      await losesNothing(web, () => web.must("restart"));
      assert.equal(versionOf(await web.settled()), "v3");
      assert.equal((await web.cli("status")).code, 0);
    },
  );

  promise("unicorn: a bad config at a restart: the old version serves on", { app: "node" }, async (web) => {
    await web.must("start");
    await losesNothing(web, async () => {
      await web.writeConfig("command = 7\n");
      await web.must("restart");
      await assertServesV1(web, /failed: .*command.*; still serving 1/s);
    });
  });

  promise(
    "the last lines of a worker that dies at boot are under the failed upgrade and in status, but not in STATUS",
    { app: "gunicorn" },
    async (web) => {
      await web.must("start");
      await web.deploy("v2", { "crash-at-boot": "" });
      const words = /the last lines of generation 2:\n( {2}.*\n)*? {2}.*told to crash at boot/;
      const { code, stderr } = await web.cli("upgrade");
      assert.equal(code, 1);
      assert.match(stderr, /worker 2\.\d exited with status/);
      assert.match(stderr, words);
      assert.match((await web.cli("status")).stdout, words);
      assert.doesNotMatch(await web.show("StatusText"), /told to crash/);
      // Each line is still by the process that wrote it, in the unit.
      const look = `journalctl -o json -u ${web.unit} | grep '"SYSLOG_IDENTIFIER":"${web.name}/[2-9]' | head -1`;
      const line = await waitUntil("a worker's line", DEADLINE_MS, async () => {
        const found = await web.container.sh(look);
        if (found !== "") return JSON.parse(found) as Record<string, unknown>;
        // Where journald comes to read it only when the process has gone it has no unit.
        assert.equal((await web.cli("upgrade")).code, 1);
        return null;
      });
      assert.equal(line["_SYSTEMD_UNIT"], web.unit);
      assert.match(String(line["_COMM"]), /gunicorn|python/);
      // A reload says it in one line, which the unit's last log lines have.
      assert.equal((await web.systemctl("reload")).code, 1);
      await waitUntil("that line", DEADLINE_MS, async () => {
        const page = (await web.systemctl("status", "--no-pager", "--lines=20", "--full")).stdout;
        return /upgrade to generation [3-9] failed: worker [3-9]\.\d exited .*; still serving generation 1/.test(
          page,
        );
      });
    },
  );

  promise(
    "a hook starts a unit outside of the sandbox, which tells of a failed upgrade",
    { app: "node" },
    async (web) => {
      const hook = `holdfast-hook@${web.name}`;
      await web.container.copyIn("/root", "examples/hooks");
      await web.container.sh(
        "mkdir -p /usr/local/lib/holdfast; cd /root/examples/hooks; cp each-event start-unit /usr/local/lib/holdfast; cp *.path *.service /etc/systemd/system",
      );
      const tell = `/bin/sh -c 'cat > /tmp/told; sed -n s/NoNewPrivs:.//p /proc/self/status >> /tmp/told'`;
      await web.container.write(
        `/etc/systemd/system/${hook}.service.d/tell.conf`,
        `[Service]\nExecStart=\nExecStart=/usr/local/lib/holdfast/each-event /var/lib/holdfast/%i/hooks ${tell}\n`,
      );
      await web.container.sh(`systemctl daemon-reload; systemctl start ${hook}.path`);
      await web.configure({ judged: '[hooks]\nupgrade-failed = ["/usr/local/lib/holdfast/start-unit"]\n' });
      await web.must("start");
      await web.deploy("v2", { "crash-at-boot": "" });
      assert.equal((await web.systemctl("reload")).code, 1);
      await waitUntil("what was told", DEADLINE_MS, async () => {
        const told = (await web.container.exec(["cat", "/tmp/told"])).stdout;
        return /"event":"upgrade-failed".*\n0\n$/.test(told);
      });
      await web.container.sh(
        `systemctl stop ${hook}.path; systemctl is-failed ${hook}.service || true; rm -r /etc/systemd/system/${hook}*; systemctl daemon-reload`,
      );
    },
  );

  promise(
    "a worker of the old version that dies after a failed upgrade is replaced by the old version",
    { app: "node" },
    async (web) => {
      await web.must("start");
      await web.deploy("v2", { "crash-at-boot": "" });
      assert.equal((await web.systemctl("reload")).code, 1);
      const [victim = 0] = workerPids(await web.settled());
      await web.container.sh(`kill -9 ${victim}`);
      const after = await waitUntil("its successor", DEADLINE_MS, async () => {
        const active = await web.settled();
        return workerPids(active).includes(victim) ? null : active;
      });
      assert.equal(versionOf(after), "v1");
    },
  );

  promise("a first start fails when the version crashes at boot, and says why", ON_SOCKET, async (web) => {
    await web.deploy("v1", { "crash-at-boot": "" });
    await web.dropIn("[Service]\nRestart=no\n");
    assert.equal((await web.systemctl("start")).code, 1);
    assert.equal(await web.show("ActiveState"), "failed");
    assert.equal(await web.show("Result"), "exit-code");
    assert.equal(await web.show("ExecMainStatus"), "1");
    assert.match(await web.show("StatusText"), /worker 1\.\d exited with status 1 before it was ready/);
    assert.deepEqual(await web.pids(), []);
    await web.deploy("v1");
    await web.must("start");
    assert.equal(versionOf(await web.settled()), "v1");
  });

  promise(
    "a wrong config fails a start that somebody asks for; while a client waits it is tried again, until it is right",
    ON_SOCKET,
    async (web) => {
      await web.writeConfig('command = ["/no/such/program"]\n');
      assert.equal((await web.systemctl("start")).code, 1);
      assert.equal((await web.systemctl("start")).code, 1);
      assert.equal(await web.show("ExecMainStatus"), "78");
      const client = web.container.exec(["curl", "-sS", `http://${web.address}/`]);
      await waitUntil("a start that waits after some that failed", DEADLINE_MS, async () => {
        const waits = (await web.show("ActiveState")) === "activating";
        return waits && /^[3-9] starts failed: .*no.such.program/.test(await web.show("StatusText"));
      });
      await web.configure({});
      assert.equal((await client).stdout.trim(), "v1");
      await web.waitFor("ActiveState", "active");
    },
  );

  promise("a first start with a wrong config fails once and for all", { app: "node" }, async (web) => {
    await web.writeConfig('comand = ["/bin/true"]\n');
    assert.equal((await web.systemctl("start")).code, 1);
    assert.equal(await web.show("ActiveState"), "failed");
    assert.equal(await web.show("ExecMainStatus"), "78");
    assert.equal(await web.show("NRestarts"), "0");
    assert.match(await web.show("StatusText"), /web\d+\.toml.*comand/s);
    await web.configure({});
    await web.must("start");
  });
});
