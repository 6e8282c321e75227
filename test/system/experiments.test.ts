import assert from "node:assert/strict";
import { DEADLINE_MS, waitUntil } from "../harness/container/wait-until.js";
import { countLost } from "../harness/load/report.js";
import { startLoad } from "../harness/load/start-load.js";
import { onEachRelease } from "../harness/service/promise.js";
import { assertNothingMissed, startTalk } from "../harness/service/start-talk.js";
import { beginStream } from "../harness/service/stream.js";
import { assertNothingReopened, losesNothing } from "../harness/service/under-load.js";
import { SOCKET, versionOf, type WebService, workerPids } from "../harness/service/web-service.js";

/** Waits until the generations are those, each as `2 active`. */
async function generations(web: WebService, ...wanted: readonly string[]): Promise<void> {
  await waitUntil(wanted.join(", "), DEADLINE_MS, async () => {
    const status = await web.status();
    return status.generations.map(({ id, phase }) => `${id} ${phase}`).join() === wanted.join();
  });
}

async function must(web: WebService, ...args: string[]): Promise<void> {
  const { code, stderr } = await web.cli(...args);
  assert.equal(code, 0, `holdfast ${args.join(" ")}: ${stderr}`);
}

/** Version `v2` beside `v1`, both answer, and WINCH ends the workers of `v1`. */
async function startBesideAndDrain(web: WebService): Promise<void> {
  await web.must("start");
  await web.deploy("v2");
  await must(web, "upgrade", "--hold");
  await generations(web, "1 held", "2 active");
  await waitUntil("answers of both", DEADLINE_MS, async () => {
    const versions = await web.container.sh(
      `for i in $(seq 10); do curl -sS http://${web.address}/; done | sort -u`,
    );
    return versions === "v1\nv2";
  });
  await web.must("kill", "--kill-whom=main", "-s", "WINCH");
  await generations(web, "2 active");
}

async function answers(web: WebService, ...options: string[]): Promise<string> {
  return web.container.sh(`curl -sS --max-time 20 ${options.join(" ")}`);
}

/** Loaded before the app: the first worker that is sent connections dies of it, before it has acknowledged them. */
const STRIKE = `import { mkdirSync } from "node:fs";
const { parse } = JSON;
JSON.parse = (text, reviver) => {
  const parsed = parse(text, reviver);
  if (parsed?.type !== "prepare") return parsed;
  try {
    mkdirSync("/tmp/struck");
  } catch {
    return parsed;
  }
  process.kill(process.pid, "SIGKILL");
};
`;

const ways: readonly [what: string, go: (web: WebService) => Promise<void>, version: string][] = [
  ["QUIT to the old one finishes", (web) => must(web, "commit"), "v2"],
  ["HUP to the old one and QUIT to the new one go back", (web) => must(web, "rollback"), "v1"],
  [
    "TERM to the new one, and the old one comes back by itself",
    async (web) => {
      await web.container.sh(`kill ${workerPids(await web.settled()).join(" ")}`);
      await waitUntil("the old one", DEADLINE_MS, async () => versionOf(await web.settled()) === "v1");
    },
    "v1",
  ],
];

onEachRelease("the experiments, with systemd", (promise) => {
  for (const [what, go, version] of ways) {
    promise(
      `nginx: start beside, WINCH drains the old with the listeners kept, ${what}: nothing is lost`,
      { app: "node", socket: SOCKET },
      async (web) => {
        await web.must("start");
        await losesNothing(web, async () => {
          await startBesideAndDrain(web);
          await go(web);
        });
        assert.equal(versionOf(await web.settled()), version);
        assert.equal(await web.show("ActiveState"), "active");
        // What has been found bad is not tried again: another version comes.
        await web.deploy("v3");
        await losesNothing(web, () => web.must("reload"));
      },
    );
  }

  promise(
    "Envoy: three epochs in a row on v4, v6, unix and ReusePort= listeners: nothing is lost, a slow streamed response that spans each restart arrives whole, and new connections reach the new instance",
    {
      app: "node",
      socket: [
        "ReusePort=yes",
        "ListenStream=127.0.0.1:{port}",
        "ListenStream=127.0.0.1:{port}",
        "ListenStream=[::1]:{port}",
        "ListenStream=/run/{port}.sock",
        "FileDescriptorName=http",
      ].join("\n"),
      config: { listeners: "[listeners.http]\n" },
    },
    async (web) => {
      await web.must("start");
      const few = { keepAlive: 2, freshPerSecond: 20, slow: 0 };
      const addresses = [`[::1]:${web.port}`, `/run/${web.port}.sock`];
      const [six, file] = await Promise.all(
        addresses.map((address) => startLoad(web.container, { address, ...few })),
      );
      assert.ok(six !== undefined && file !== undefined);
      await losesNothing(web, async () => {
        for (const version of ["v2", "v3", "v4"]) {
          const endStream = await beginStream(web);
          await web.deploy(version);
          await web.must("restart");
          const targets = [
            `'http://${web.address}/'`,
            `'http://[::1]:${web.port}/'`,
            `--unix-socket /run/${web.port}.sock http://test/`,
          ];
          for (const target of targets) {
            await waitUntil(`${version} at ${target}`, DEADLINE_MS, async () => {
              return (await answers(web, target)) === version;
            });
          }
          const lines = await endStream();
          assert.equal(lines.pop(), "end");
          assert.equal(new Set(lines).size, 1);
          await web.settled();
        }
      });
      for (const load of [six, file]) {
        const report = await load.stop();
        assert.equal(countLost(report), 0, JSON.stringify(report));
        assert.ok(report.versions["v4"] !== undefined);
      }
    },
  );

  promise(
    "MOSN: 5,000 requests across two upgrades, on 50 live connections: none is lost, and every connection lives on",
    { app: "counter" },
    async (web) => {
      const kept = 50;
      await web.must("start");
      await using load = await startLoad(web.container, { address: web.address, keepAlive: kept, slow: 0 });
      for (const [version, verb] of [
        ["v2", "reload"],
        ["v3", "restart"],
      ] as const) {
        await web.deploy(version);
        await web.must(verb);
        await web.settled();
        await load.waitForMore(100);
      }
      await load.waitFor("5,000 requests", 30_000, ({ ok }) => ok >= 5_000);
      const report = await load.stop();
      assertNothingReopened(report, kept);
      assert.deepEqual(Object.keys(report.versions), ["v1", "v2", "v3"]);
    },
  );

  promise(
    "MOSN: a receiver that dies in the middle of the transfer: every connection lives on, and nothing is lost, doubled or reordered",
    { app: "lines" },
    async (web) => {
      await web.must("start");
      await using talk = await startTalk(web.container, { app: "lines", address: web.address });
      await web.container.write(`/srv/${web.name}/strike.mjs`, STRIKE);
      const more = `environment = { PORT = "{port}", NODE_OPTIONS = "--import=/srv/${web.name}/strike.mjs" }`;
      await web.configure({ more });
      await web.deploy("v2");
      await web.must("reload");
      await talk.waitForVersion("v2");
      const { workers } = await web.settled();
      assert.deepEqual(workers.map(({ crashes }) => crashes).sort(), [0, 1]);
      assertNothingMissed(await talk.stop());
    },
  );

  promise(
    "Envoy, MOSN: two units take over one after the other by --takeover: live connections go along, and the unit before ends well",
    { app: "lines" },
    async (web) => {
      await web.must("start");
      await using talk = await startTalk(web.container, { app: "lines", address: web.address });
      let [unit, runtime] = [web.unit, `/run/holdfast/${web.name}`];
      for (const version of ["v2", "v3"]) {
        await web.deploy(version);
        const next = `${web.name}-${version}`;
        await web.container.sh(
          `systemd-run --quiet --unit=${next} --service-type=notify -p User=holdfast-${web.name} -p NotifyAccess=exec -p KillMode=process -p FileDescriptorStoreMax=64 \
               -p RuntimeDirectory=${next} -p StateDirectory=${next} /usr/bin/holdfastd --name ${web.name} --takeover ${runtime}/takeover.sock`,
        );
        await talk.waitForVersion(version);
        await waitUntil(`the end of ${unit}`, DEADLINE_MS, async () => {
          return (await web.container.show(unit, "ActiveState")) === "inactive";
        });
        assert.equal(await web.container.show(unit, "Result"), "success");
        [unit, runtime] = [`${next}.service`, `/run/${next}`];
      }
      assertNothingMissed(await talk.stop());
      await web.container.sh(`systemctl stop ${unit}`);
    },
  );

  promise(
    "MOSN: more than 100 listeners are served over a reload, a restart and kill -9 of the daemon",
    { app: "node" },
    async (web) => {
      const count = 120;
      const folder = `/run/holdfast/${web.name}`;
      const names = Array.from({ length: count }, (_, n) => `l${n}`);
      const tables = names.map((name) => `[listeners.${name}]\naddress = "unix:${folder}/${name}.sock"\n`);
      await web.configure({
        listeners: `[listeners.http]\naddress = "127.0.0.1:{port}"\n${tables.join("")}`,
      });
      const asked = names.map((name) => `--next -sS --unix-socket ${folder}/${name}.sock http://test/`);
      const all = (): Promise<string> =>
        web.container.sh(`curl ${asked.join(" ").replace("--next ", "")} | sort | uniq -c`);
      await web.must("start");
      assert.match(await all(), /^\s*120 v1$/);
      await losesNothing(web, async () => {
        await web.deploy("v2");
        await web.must("reload");
        await web.settled();
        assert.match(await all(), /^\s*120 v2$/);
        await web.must("restart");
        await web.settled();
        const daemon = await web.mainPid();
        await web.container.sh(`kill -9 ${daemon}`);
        await web.successorOf(daemon);
        assert.match(await all(), /^\s*120 v2$/);
      });
    },
  );
});
