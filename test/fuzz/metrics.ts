import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { MetricsServer } from "../../src/daemon/metrics/metrics-server.js";
import { Afterwards } from "../harness/ends.js";
import { countFds } from "../harness/process/open-fds.js";
import { openAt } from "../harness/process/ports.js";
import { FakePort } from "../unit/control/fake-port.js";
import { temporaryDirectory, until } from "../unit/control/rig.js";
import { type Attempt, attempt, delivery, requestTimeoutMs, statusIn } from "./client.js";
import { badRequests } from "./corpus/requests.js";
import { kinds } from "./requests.js";
import { feed, type Target } from "./target.js";

const bytes = fc.oneof(kinds.garbage, kinds.unknown, kinds.huge, kinds.cut, kinds.spoiled);
const client: fc.Arbitrary<Attempt> = fc.record({ bytes, ...delivery });

/** Bytes at the metrics port, from several clients at once: each is refused or cut off, and the next scraper is answered. */
export async function openMetrics(): Promise<Target> {
  const afterwards = new Afterwards();
  const port = new FakePort();
  const server = new MetricsServer({
    recount: () => port.recount(),
    metrics: () => port.metrics(),
    warn: assert.fail,
    timeoutMs: requestTimeoutMs,
  });
  const path = join(temporaryDirectory(afterwards), "metrics.sock");
  server.serve(openAt({ kind: "unix", path }), assert.fail);
  afterwards.after(() => server.close());
  const serve = async (clients: readonly Attempt[]): Promise<void> => {
    const before = countFds();
    for (const answer of await Promise.all(clients.map((one) => attempt(path, one)))) {
      const status = statusIn(answer);
      assert.ok(status === undefined || (status >= 400 && status < 500), answer);
    }
    assert.deepEqual(port.commands, []);
    await until(() => countFds() === before);
    const good = Buffer.from("GET /metrics HTTP/1.1\r\n\r\n");
    const served = await attempt(path, { bytes: good, cuts: [], pauseMs: 0, ending: "waits" });
    assert.equal(statusIn(served), 200);
    await until(() => countFds() === before);
  };
  const known = [
    badRequests.map((text): Attempt => {
      return { bytes: Buffer.from(text, "latin1"), cuts: [1, 20], pauseMs: 1, ending: "waits" };
    }),
  ];
  const input = fc.array(client, { minLength: 1, maxLength: 24 });
  return {
    feed: (seed) => feed({ input, known, attempt: serve, runs: 12 }, seed),
    [Symbol.asyncDispose]: () => afterwards[Symbol.asyncDispose](),
  };
}
