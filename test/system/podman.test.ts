import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { messageOf } from "../../src/lib/failure.js";
import { Container } from "../harness/container/container.js";
import { ensureImageWith } from "../harness/container/image.js";
import { DEADLINE_MS, waitUntil } from "../harness/container/wait-until.js";
import { HarnessError } from "../harness/harness-error.js";
import { PodmanService, setUpPodman } from "../harness/service/podman-service.js";
import { losesNothing } from "../harness/service/under-load.js";

/** How podman says that a container is ready, and what the config has to say for it. */
const MODES = [
  ["conmon", ""],
  ["container", ""],
  ["healthy --health-cmd=true --health-interval=1s", ""],
  ["ignore", 'after = "1s"'],
] as const;

const JUDGED = `[trial]\ntime = "1m"\n[probation]\ntime = "0s"
[judge]\ncommand = ["/bin/sh", "-c", "until [ -e /run/bad ]; do sleep 0.05; done; exit 1"]\n`;

/** `web1-2-0`: of generation 2, worker 0. */
function containerOf({ web }: PodmanService, generation: number): string {
  return `${web.name}-${generation}-0`;
}

describe("podman containers as workers, on trixie", { concurrency: 1 }, () => {
  let container: Container;
  before(async () => {
    const image = await ensureImageWith("podman", "trixie", ["podman", "crun", "catatonit", "uidmap"]);
    container = await Container.boot("trixie", image);
    await setUpPodman(container);
  });
  after(() => container?.[Symbol.asyncDispose]());

  function promise(
    name: string,
    user: "root" | "web",
    prove: (podman: PodmanService) => Promise<void>,
  ): void {
    it(name, async () => {
      const podman = await PodmanService.install(container, user);
      try {
        await prove(podman);
        await podman.end();
      } catch (cause) {
        const journal = await container.tellOf(podman.web.unit);
        throw new HarnessError("broken-promise", `${messageOf(cause)}\n${journal}`, { cause });
      }
    });
  }

  promise(
    "each --sdnotify makes them ready: upgraded and rolled back under load, nothing is lost or left over",
    "root",
    async (podman) => {
      const { web } = podman;
      await podman.start("conmon");
      const report = await losesNothing(web, async () => {
        for (const [at, [mode, ready]] of MODES.entries()) {
          await podman.deploy(`v${at + 2}`, mode);
          await podman.configure(ready);
          await web.must("reload");
        }
        assert.equal((await web.cli("rollback")).code, 0);
      });
      assert.deepEqual(Object.keys(report.versions).sort(), ["v1", "v2", "v3", "v4", "v5"]);
      assert.equal((await web.settled()).id, 6);
      assert.equal((await container.sh(`curl -s http://${web.address}`)).trim(), "v4");
      await waitUntil("one container", DEADLINE_MS, async () => (await podman.containers()).length === 1);
      assert.deepEqual(await podman.containers(), [containerOf(podman, 6)]);
    },
  );

  promise(
    "a version that crashes at boot, and one that is judged bad on trial, are left; the daemon's death is nothing to them",
    "root",
    async (podman) => {
      const { web } = podman;
      await podman.start("container", JUDGED);
      await losesNothing(web, async () => {
        await podman.deploy("v2", "container", { "crash-at-boot": "" });
        assert.equal((await web.systemctl("reload")).code, 1);
        await podman.deploy("v3", "container");
        const reload = web.systemctl("reload");
        await waitUntil("the trial", DEADLINE_MS, async () => {
          return (await web.status()).generations.some(({ phase }) => phase === "held");
        });
        await container.sh(`kill -KILL ${await web.mainPid()}`);
        await reload;
        await container.sh("touch /run/bad");
        assert.equal((await web.settled()).id, 1);
        await container.sh("rm /run/bad");
      });
      assert.equal((await web.status()).rolledBack?.from, 3);
      await waitUntil("one container", DEADLINE_MS, async () => (await podman.containers()).length === 1);
      assert.deepEqual(await podman.containers(), [containerOf(podman, 1)]);
    },
  );

  promise(
    "a container that outlives its killed podman makes room for the one that is started in its place",
    "root",
    async (podman) => {
      const { web } = podman;
      await podman.start("container");
      const before = await container.sh("podman ps -q");
      await container.sh("pkill -KILL -f '^podman run'");
      await waitUntil("another container", DEADLINE_MS, async () => {
        const now = await container.sh("podman ps -q");
        return now !== "" && !now.includes(before);
      });
      assert.deepEqual(await podman.containers(), [containerOf(podman, 1)]);
      await web.settled();
    },
  );

  promise(
    "the container of an old version ends when its podman is killed while it drains",
    "root",
    async (podman) => {
      const { web } = podman;
      await podman.start("container");
      await container.sh(`curl -sN 'http://${web.address}/stream?until=/never' >/run/stream 2>&1 &`);
      await waitUntil("the stream", DEADLINE_MS, async () => (await container.read("/run/stream")) !== "");
      await podman.deploy("v2", "container");
      await web.must("reload");
      assert.deepEqual(await podman.containers(), [containerOf(podman, 1), containerOf(podman, 2)]);
      await container.sh(`pkill -KILL -f '^podman run.* ${containerOf(podman, 1)} '`);
      await waitUntil("the end of the container", DEADLINE_MS, async () => {
        return (await container.sh("podman ps -a --format '{{.Names}}'")) === containerOf(podman, 2);
      });
      await web.settled();
    },
  );

  promise("without root, with a range of subordinate ids, they are upgraded, too", "web", async (podman) => {
    const { web } = podman;
    await podman.deploy("v1", "conmon");
    await podman.configure();
    await web.must("start");
    await losesNothing(web, async () => {
      await podman.deploy("v2", "container");
      await web.must("reload");
    });
    assert.equal((await web.settled()).id, 2);
  });
});
