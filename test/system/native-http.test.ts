import assert from "node:assert/strict";
import { waitUntil } from "../harness/container/wait-until.js";
import { startLoad } from "../harness/load/start-load.js";
import { onEachRelease } from "../harness/service/promise.js";
import { replaceEverythingUnderLoad } from "../harness/service/replace-everything.js";
import { assertNothingReopened } from "../harness/service/under-load.js";
import { SOCKET, versionOf, type WebService, type WebSetup } from "../harness/service/web-service.js";

const KEPT = 8;

const ONE_WRITER: WebSetup = {
  app: "counter",
  config: {
    workers: 1,
    more: 'environment = { PORT = "{port}" }\nverify = { http = "/healthz" }\nstrategy = "exclusive"',
  },
};

interface Case {
  readonly what: string;
  readonly setup: WebSetup;
  readonly spoil: (web: WebService) => Promise<void>;
}

const CASES: readonly Case[] = [
  {
    what: "an unchanged Express app with the preload, on a socket unit",
    setup: { app: "express", socket: SOCKET },
    spoil: (web) => web.deploy("v4", { "server.js": "throw new Error();" }),
  },
  {
    what: "a Fastify app with the library, on a port that the daemon binds",
    setup: {
      app: "counter",
      config: { more: 'environment = { PORT = "{port}" }\nverify = { http = "/healthz" }' },
    },
    spoil: (web) => web.deploy("v4", { sick: "" }),
  },
];

onEachRelease("native HTTP apps", (promise) => {
  for (const { what, setup, spoil } of CASES) {
    promise(
      `${what}: reload, restart, kill -9, reexec and a bad version lose no request and close no connection`,
      setup,
      (web) => replaceEverythingUnderLoad(web, spoil),
    );
  }

  promise(
    "a version that answers its verification with 500, or refuses the state, is never seen by a client, and the state goes on",
    ONE_WRITER,
    async (web) => {
      await web.must("start");
      const count = (): Promise<string> => web.container.sh(`curl -sS http://${web.address}/count`);
      assert.equal(await count(), "1");
      await using load = await startLoad(web.container, {
        address: web.address,
        keepAlive: KEPT,
        slowMs: 300,
      });
      for (const [flaw, says] of [
        [
          "sick",
          /the verification failed: worker 2\.0 answered GET \/healthz with status 500, not status 200/,
        ],
        ["refuse-state", /worker 3\.0: .*told to refuse the state/],
      ] as const) {
        await web.deploy("v2", { [flaw]: "" });
        const refused = await web.cli("upgrade");
        assert.equal(refused.code, 1);
        assert.match(refused.stderr, says);
        assert.match(await web.show("StatusText"), says);
        assert.equal((await web.cli("status")).code, 4);
      }
      assert.equal(await count(), "2");
      await web.deploy("v3");
      assert.equal((await web.cli("upgrade")).code, 0);
      assert.equal(await count(), "3");
      await load.waitForMore(2);
      const report = await load.stop();
      assertNothingReopened(report, KEPT);
      assert.deepEqual(Object.keys(report.versions), ["v1", "v3"]);
    },
  );

  promise(
    "with one writer, what the last request of the old version counts is in the new one, which answers only then",
    ONE_WRITER,
    async (web) => {
      await web.must("start");
      const ask = (path: string): Promise<string> =>
        web.container.sh(`curl -sS -H 'Connection: close' http://${web.address}${path}`);
      assert.equal(await ask("/count"), "1");
      const held = ask("/held");
      await waitUntil("the held request", 20_000, async () => {
        const [generation] = (await web.status()).generations;
        return generation?.workers[0]?.servers.some(({ counters }) => counters.inFlight === 1);
      });
      await web.deploy("v2");
      assert.equal((await web.cli("upgrade")).code, 0);
      const next = ask("/count");
      await web.container.write(`/srv/${web.name}/v1/go`, "");
      assert.equal(await held, "2");
      assert.equal(await next, "3");
      assert.equal(versionOf(await web.settled()), "v2");
    },
  );
});
