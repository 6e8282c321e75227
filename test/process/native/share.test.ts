import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "../../harness/process/ports.js";
import { ask } from "../../harness/process/requests.js";
import { openReusePort } from "../../harness/process/reuse-port.js";
import { Rig } from "../../harness/process/rig.js";

/*
 * How exact the share is, `npm run bench -- share` shows; without a limit both generations take about half.
 */

const share = 0.1;
const config = '[trial]\ntime = "1m"\nshare = "10%"\n';
/** At a time: as many as find a worker of the old generation free. */
const clients = 4;
/** Steering takes no shorter steps. */
const stepMs = 550;

async function putOnTrial(rig: Rig): Promise<void> {
  await rig.manager.startReady();
  await tryNext(rig, "2");
}

async function tryNext(rig: Rig, version: string): Promise<void> {
  rig.release({ version });
  assert.equal((await rig.upgrade("upgrade", { hold: true })).failure, null);
}

/** The share of version 2, or of another, in the answers, each on a connection of its own, as long as it takes to steer so often. */
async function shareOf(
  rig: Rig,
  steps: number,
  daemon = true,
  port = rig.port,
  newest = "2",
): Promise<number> {
  let [asked, byNew, going] = [0, 0, true];
  const client = async (): Promise<void> => {
    while (going) {
      const { version } = await ask({ port }, "/");
      asked += 1;
      if (version === newest) byNew += 1;
    }
  };
  const all = Promise.all(Array.from({ length: clients }, client));
  await steer(rig, steps, daemon);
  going = false;
  await all;
  return byNew / asked;
}

/** Workers are asked what they have counted, so often, and told what they may accept. */
async function steer(rig: Rig, steps: number, daemon = true): Promise<void> {
  for (let step = 0; step < steps; step += 1) {
    await pause(stepMs);
    if (daemon) await rig.status();
  }
}

function assertNear(found: number): void {
  assert.ok(found > share / 4 && found < 2.5 * share, `version 2 took ${found} of the connections`);
}

async function assertSharedUntilCommit(rig: Rig): Promise<void> {
  await shareOf(rig, 2);
  assertNear(await shareOf(rig, 6));
  // Without clients the limit is next to nothing.
  await steer(rig, 2);
  assert.ok((await rig.control.order("commit")).ok);
  await rig.settled();
  assert.equal(await shareOf(rig, 1), 1);
}

test("with a share the new generation takes about that of the connections, and all of them after the commit", async () => {
  await using rig = new Rig({ workers: 2, native: true, config });
  await putOnTrial(rig);
  await assertSharedUntilCommit(rig);
});

test("without a daemon each worker keeps its limit, and the next daemon goes on", async () => {
  await using rig = new Rig({ workers: 2, native: true, config });
  await putOnTrial(rig);
  await shareOf(rig, 2);
  await rig.manager.kill9();
  assertNear(await shareOf(rig, 3, false));
  await rig.manager.startReady();
  await shareOf(rig, 2);
  assertNear(await shareOf(rig, 6));
  assert.equal((await rig.upgrade("rollback")).failure, null);
  await rig.settled();
  assert.equal(await shareOf(rig, 1), 0);
});

test("the connections of an app that is not changed, but has the preload, are shared, too", async () => {
  await using rig = new Rig();
  const register = new URL("../../../../dist/library/register.cjs", import.meta.url);
  rig.app = [process.execPath, "--import", register.href, "server.mjs"];
  const deploy = (version: string): void => {
    const directory = rig.makeDirectory(`preloaded-${version}`);
    const answer = `JSON.stringify({ generation: 0, version: "${version}", pid: process.pid })`;
    const source = `import http from "node:http";\nhttp.createServer((_, response) => response.end(${answer})).listen(${rig.port});\n`;
    writeFileSync(join(directory, "server.mjs"), source);
    rig.deploy(directory);
  };
  deploy("1");
  rig.configure(config);
  await rig.manager.startReady();
  deploy("2");
  assert.equal((await rig.upgrade("upgrade", { hold: true })).failure, null);
  await assertSharedUntilCommit(rig);
});

test("of several sockets of one port, as of a socket unit with ReusePort=, the new generation takes its share, too", async () => {
  const { sockets, port } = openReusePort("reused", 2);
  await using rig = new Rig({ native: true, config, alsoPassed: sockets });
  await putOnTrial(rig);
  await shareOf(rig, 2, true, port);
  assertNear(await shareOf(rig, 6, true, port));
});

test("on a listener that only the new generation has nobody waits", async () => {
  await using rig = new Rig({ native: true, config });
  const port = freePort();
  await rig.manager.startReady();
  const http = `[listeners.http]\naddress = "127.0.0.1:${rig.port}"\n`;
  rig.configure(`${config}${http}[listeners.more]\naddress = "127.0.0.1:${port}"\n`);
  rig.release({ version: "2" });
  assert.equal((await rig.upgrade("upgrade", { hold: true })).failure, null);
  await shareOf(rig, 2);
  await steer(rig, 2);
  for (let asked = 0; asked < 50; asked += 1) assert.equal((await ask({ port }, "/")).version, "2");
});

test("when nobody else is left the new generation takes all that comes", async () => {
  await using rig = new Rig({ native: true, config });
  await putOnTrial(rig);
  assert.ok((await rig.control.order("drain")).ok);
  await rig.settled();
  assert.equal(await shareOf(rig, 2), 1);
});

test("a generation that was on trial, and is held for the next one, has no limit any more", async () => {
  await using rig = new Rig({ workers: 2, native: true, config });
  await putOnTrial(rig);
  await shareOf(rig, 2);
  // Without clients the limit is next to nothing.
  await steer(rig, 2);
  await tryNext(rig, "3");
  await shareOf(rig, 2, true, rig.port, "3");
  assertNear(await shareOf(rig, 6, true, rig.port, "3"));
});

test("a generation to which the service goes back because its successor's only worker has died has no limit any more", async () => {
  await using rig = new Rig({ native: true, config });
  await putOnTrial(rig);
  await shareOf(rig, 2);
  await steer(rig, 2);
  await tryNext(rig, "3");
  const killed = new Set<number>();
  await rig.until("version 2 is active again", ({ generations }) => {
    for (const { pid } of generations.find(({ id }) => id === 3)?.workers ?? []) {
      // The status may still name one that is gone.
      if (pid === null || killed.has(pid)) continue;
      process.kill(pid, "SIGKILL");
      killed.add(pid);
    }
    return generations.some(({ id, phase }) => id === 2 && phase === "active");
  });
  assert.equal(await shareOf(rig, 1), 1);
});

test("what still drains for the one before lifts no limit of the newest", async () => {
  await using rig = new Rig({ native: true, config: '[trial]\ntime = "1m"\nshare = "1%"\n' });
  await rig.manager.startReady();
  // A response that is not at its end keeps the first generation.
  const file = join(rig.directory, "go-on");
  const held = ask({ port: rig.port }, `/hold?${file}`);
  await rig.until("the request to be in flight", ({ generations: [only] }) => {
    return only?.workers[0]?.servers[0]?.counters.inFlight === 1;
  });
  rig.release({ version: "2" });
  assert.equal((await rig.upgrade("upgrade", { hold: true })).failure, null);
  assert.ok((await rig.control.order("commit")).ok);
  await tryNext(rig, "3");
  const answers = await Promise.all(Array.from({ length: 100 }, () => ask({ port: rig.port }, "/")));
  const byNew = answers.filter(({ version }) => version === "3").length;
  assert.ok(byNew <= 10, `version 3 took ${byNew} of 100 before anything was counted`);
  writeFileSync(file, "");
  assert.equal((await held).version, "1");
});
