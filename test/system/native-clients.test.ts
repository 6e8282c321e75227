import assert from "node:assert/strict";
import { waitUntil } from "../harness/container/wait-until.js";
import { startLoad } from "../harness/load/start-load.js";
import { Delay } from "../harness/service/delay.js";
import { onEachRelease } from "../harness/service/promise.js";
import { assertNothingReopened } from "../harness/service/under-load.js";
import type { WebService, WebSetup } from "../harness/service/web-service.js";

const FAR = 100;
const KEPT = 8;
const COUNTER: WebSetup = { app: "counter" };

/** Asks over one connection until version 6 has answered; a connection that the server ends is an error, and a new one would be seen. */
const PYTHON = `
import http.client, json, sys, time
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=20)
ports, versions = set(), []
while "v6" not in versions:
    connection.request("GET", "/")
    ports.add(connection.sock.getsockname()[1])
    response = connection.getresponse()
    version = response.read().decode().strip()
    if version not in versions:
        versions.append(version)
    print(version, flush=True)
    time.sleep(0.02)
print(json.dumps({"ports": len(ports), "versions": versions}))
`;

async function upgradeTo(web: WebService, version: string): Promise<void> {
  await web.deploy(version);
  await web.must("reload");
}

/** Starts a shell script whose output goes to a file, and waits until there is some. */
async function startTalking(web: WebService, script: string): Promise<{ readonly output: Promise<string> }> {
  const file = `/run/${web.name}.out`;
  const ended = web.container.sh(`${script} > ${file}`);
  ended.catch(() => {}); // told by output
  await waitUntil(
    "a first answer",
    20_000,
    async () => (await web.container.sh(`cat ${file} || true`)) !== "",
  );
  return { output: ended.then(() => web.container.read(file)) };
}

onEachRelease("clients of native apps", (promise) => {
  promise(
    "a hundred clients 10 ms away each way keep their connections over a reload and a restart",
    COUNTER,
    async (web) => {
      await web.must("start");
      await using delay = await Delay.start(web, 10);
      await using load = await startLoad(web.container, {
        address: delay.address,
        keepAlive: FAR,
        pauseMs: 100,
        freshPerSecond: 5,
        slow: 0,
      });
      const servedBy = (version: string) =>
        load.waitFor(
          `answers of ${version}`,
          30_000,
          ({ versions }) => (versions[version]?.responses ?? 0) >= 3 * FAR,
        );
      await servedBy("v1");
      await upgradeTo(web, "v2");
      await servedBy("v2");
      await web.deploy("v3");
      await web.must("restart");
      await servedBy("v3");
      assertNothingReopened(await load.stop(), FAR);
    },
  );

  promise("curl asks many times over one connection while the version changes", COUNTER, async (web) => {
    await web.must("start");
    const { output } = await startTalking(
      web,
      `curl -sSN --fail-early -w '%{http_code} %{num_connects}\\n' 'http://${web.address}/slow?ms=20&n=[1-3000]' 2> /dev/null | {
        seen=0
        while read -r line; do
          echo "$line"
          case $line in
            v2) seen=$((seen + 1)) ;;
            200*) [ $seen -lt 5 ] || exit 0 ;;
          esac
        done
      }`,
    );
    await upgradeTo(web, "v2");
    const lines = (await output).split("\n");
    const codes = lines.filter((line) => /^\d/.test(line));
    assert.equal(codes[0], "200 1");
    assert.deepEqual(new Set(codes.slice(1)), new Set(["200 0"]), "no answer but 200, no other connection");
    assert.deepEqual(new Set(lines.filter((line) => line.startsWith("v"))), new Set(["v1", "v2"]));
  });

  promise("python's http.client keeps one connection over five upgrades", COUNTER, async (web) => {
    await web.must("start");
    await web.container.write(`/run/${web.name}.py`, PYTHON);
    const { output } = await startTalking(web, `python3 /run/${web.name}.py ${web.port}`);
    for (const version of ["v2", "v3", "v4", "v5", "v6"]) {
      await upgradeTo(web, version);
      await waitUntil(`an answer of ${version}`, 20_000, async () =>
        (await web.container.read(`/run/${web.name}.out`)).includes(version),
      );
    }
    const last: unknown = JSON.parse((await output).split("\n").at(-1) ?? "");
    assert.deepEqual(last, { ports: 1, versions: ["v1", "v2", "v3", "v4", "v5", "v6"] });
  });

  promise(
    "status and the ledger tell what moved, what was adopted and that nothing was cut",
    { app: "counter", config: { workers: 1 } },
    async (web) => {
      await web.must("start");
      await using load = await startLoad(web.container, {
        address: web.address,
        keepAlive: KEPT,
        freshPerSecond: 0,
        slow: 0,
      });
      const count = async (id: number, counter: "open" | "moved" | "adopted"): Promise<number> => {
        const { generations } = await web.status();
        const workers = generations.find((generation) => generation.id === id)?.workers ?? [];
        const servers = workers.flatMap(({ servers }) => servers);
        return servers.reduce((sum, { counters }) => sum + counters[counter], 0);
      };
      const held = web.container.sh(`curl -sS http://${web.address}/held`);
      await waitUntil("the held request", 20_000, async () => (await count(1, "open")) > KEPT);
      await web.deploy("v2");
      const upgraded = await web.cli("upgrade");
      assert.equal(upgraded.code, 0, upgraded.stderr);
      await waitUntil("all kept connections in version 2", 20_000, async () => {
        return (await count(2, "adopted")) >= KEPT;
      });
      await waitUntil("all of them told by the old worker", 20_000, async () => {
        return (await count(1, "moved")) >= KEPT;
      });
      assert.equal(await count(1, "moved"), KEPT, "the old generation tells it while it drains");
      assert.match((await web.cli("status")).stdout, /MOVED/);
      await web.container.write(`/srv/${web.name}/v1/go`, "");
      assert.equal(await held, "1");
      await web.settled();
      assertNothingReopened(await load.stop(), KEPT);
      const ledger = await web.container.read(`/var/lib/holdfast/${web.name}/history.jsonl`);
      const entries: { kind: string; generation: number; cut: boolean; counters: Record<string, number> }[] =
        ledger.split("\n").map((line) => JSON.parse(line));
      const first = entries.find(({ kind, generation }) => kind === "generation" && generation === 1);
      assert.ok((first?.counters["moved"] ?? 0) >= KEPT, ledger);
      assert.equal(first?.counters["cut"], 0);
    },
  );
});
