import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { messageOf } from "../../src/lib/failure.js";
import { Container } from "../harness/container/container.js";
import { describeOnEachRelease } from "../harness/container/each-release.js";
import { waitUntil } from "../harness/container/wait-until.js";
import { HarnessError } from "../harness/harness-error.js";
import { countLost, type LoadReport } from "../harness/load/report.js";
import { startLoad } from "../harness/load/start-load.js";
import { untilAccepted } from "../harness/service/accepted.js";
import { DirectService } from "../harness/service/direct-service.js";
import { certificate } from "../unit/worker/carriers/http/certificate.js";

const KEPT = 8;
const IDLE = 300;
const WITHOUT = { socket: false, app: "test" } as const;
const WITH = { socket: true, app: "test" } as const;

/** Prints whether the session given was resumed, and the one that the server gives. */
const VISIT = `
  const [, given] = process.argv;
  const session = given && Buffer.from(given, "base64");
  const options = { port: 8080, host: "127.0.0.1", rejectUnauthorized: false, ...(session && { session }) };
  let last, reused;
  const socket = require("node:tls").connect(options, () => {
    reused = socket.isSessionReused();
    socket.end("GET / HTTP/1.1\\r\\nHost: test\\r\\nConnection: close\\r\\n\\r\\n");
  });
  socket.on("session", (next) => (last = next)).resume();
  socket.on("close", () => console.log(reused, last?.toString("base64") ?? ""));
`;

/** Nobody lost a request, and whoever kept a connection has it still. */
function assertAllKept(report: LoadReport, kept: number): void {
  assert.equal(countLost(report), 0, JSON.stringify(report));
  assert.equal(report.idleClosed, 0, JSON.stringify(report));
  const { fresh, slow } = report.kinds;
  assert.equal(report.connections, kept + fresh.requests + slow.requests, JSON.stringify(report));
}

describeOnEachRelease("the library under systemd alone", (release) => {
  let container: Container;
  before(async () => {
    container = await Container.boot(release);
  });
  after(() => container?.[Symbol.asyncDispose]());

  const promise = (
    name: string,
    setup: Parameters<typeof DirectService.start>[1],
    prove: (service: DirectService) => Promise<void>,
  ): void => {
    it(name, async () => {
      // What a failed test has left in the way of its end does not hide why it failed.
      await using service = await DirectService.start(container, setup);
      try {
        await prove(service);
      } catch (cause) {
        const journal = await container.tellOf(service.unit);
        throw new HarnessError("broken-promise", `${messageOf(cause)}\n${journal}`, { cause });
      }
    });
  };

  for (const [what, setup] of [
    ["with a socket unit", WITH],
    ["with a port of its own", WITHOUT],
  ] as const) {
    promise(`${what}: restarts lose no request and reopen no connection`, setup, async (service) => {
      await using load = await startLoad(container, {
        address: service.address,
        keepAlive: KEPT,
        slowMs: 300,
      });
      await using idle = await startLoad(container, {
        address: service.address,
        keepAlive: IDLE,
        pauseMs: 1_000,
        freshPerSecond: 0,
        slow: 0,
      });
      await idle.waitFor(`${IDLE} kept connections`, 30_000, ({ kinds }) => kinds.keepAlive.ok >= IDLE);
      const before = await service.show("MainPID");
      for (const version of ["v2", "v3", "v4"]) {
        await service.put("version", version);
        await service.must("restart");
        assert.match(await service.show("StatusText"), /3\d\d connections taken over/);
        await load.waitForMore(2);
      }
      await idle.waitForMore(2 * IDLE);
      assert.notEqual(await service.show("MainPID"), before);
      assert.equal(await service.show("NFileDescriptorStore"), setup.socket ? "0" : "1");
      assert.equal(await service.show("NRestarts"), "0");
      assertAllKept(await idle.stop(), IDLE);
      const report = await load.stop();
      assertAllKept(report, KEPT);
      assert.ok(report.versions["v4"] !== undefined, JSON.stringify(report.versions));
    });
  }

  promise("a version that refuses the state: connections wait for the next one", WITHOUT, async (service) => {
    await service.ask("/count");
    await using load = await startLoad(container, {
      address: service.address,
      keepAlive: KEPT,
      freshPerSecond: 0,
      slow: 0,
    });
    await service.put("refuse-state", "");
    assert.notEqual((await service.systemctl("restart")).code, 0);
    await container.sh("rm /srv/web/refuse-state");
    await service.waitFor("ActiveState", "active");
    await load.waitForMore(KEPT);
    assertAllKept(await load.stop(), KEPT);
    assert.match(await service.ask(), /^v1 \d+ 1$/);
  });

  promise("kill -9: nobody is refused, and what was saved is there", WITHOUT, async (service) => {
    await service.ask("/count");
    await service.must("restart");
    await using load = await startLoad(container, { address: service.address, keepAlive: 0, slow: 0 });
    const pid = await service.show("MainPID");
    await container.sh(`kill -9 ${pid}`);
    await waitUntil("another process", 20_000, async () => {
      const now = await service.show("MainPID");
      return now !== "0" && now !== pid;
    });
    await load.waitForMore(20);
    const report = await load.stop();
    assert.equal(report.refused + report.timedOut, 0, JSON.stringify(report));
    assert.match(await service.ask(), /^v1 \d+ 1$/);
    assert.equal(await service.show("NFileDescriptorStore"), "1");
  });

  promise("a stop ends well and leaves nothing, and a start finds the state", WITHOUT, async (service) => {
    await service.ask("/count");
    const held = service.ask("/held?until=/srv/web/answers");
    await untilAccepted(container, service.port);
    const stop = service.must("stop");
    await service.waitFor("ActiveState", "deactivating");
    await service.put("answers", "");
    await stop;
    assert.match(await held, /^v1 /);
    assert.equal(await service.show("Result"), "success");
    assert.equal(await service.show("ActiveState"), "inactive");
    assert.equal(await service.show("NFileDescriptorStore"), "0");
    await service.must("start");
    assert.match(await service.ask(), /^v1 \d+ 1$/);
  });

  promise("with TLS: sessions resume after a restart, and after kill -9", WITHOUT, async (service) => {
    await service.put("key.pem", certificate.key);
    await service.put("cert.pem", certificate.cert);
    await service.must("restart");
    const visit = async (session: string) => {
      const [reused, next] = (await container.sh(`node -e '${VISIT}' ${session}`)).trim().split(" ");
      return { reused, next };
    };
    const { reused, next = "" } = await visit("");
    assert.equal(reused, "false");
    // The socket and the secret.
    assert.equal(await service.show("NFileDescriptorStore"), "2");
    await service.must("restart");
    assert.equal((await visit(next)).reused, "true");
    const pid = await service.show("MainPID");
    await container.sh(`kill -9 ${pid}`);
    await waitUntil("another process", 20_000, async () => {
      const now = await service.show("MainPID");
      return now !== "0" && now !== pid;
    });
    await service.waitFor("ActiveState", "active");
    assert.equal((await visit(next)).reused, "true");
    assert.equal(await service.show("NFileDescriptorStore"), "2");
  });

  promise("the example counts on over a restart", { socket: true, app: "example" }, async (service) => {
    assert.match(await service.ask(), /^visit 1,/);
    await service.must("restart");
    assert.match(await service.ask(), /^visit 2,/);
  });
});
