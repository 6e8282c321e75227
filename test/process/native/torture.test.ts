import assert from "node:assert/strict";
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { balance } from "../../harness/process/accounts.js";
import { KeptConnection } from "../../harness/process/kept.js";
import { Rig } from "../../harness/process/rig.js";
import { withoutJudges } from "../../harness/process/unjudged.js";
import { createTalker } from "../../harness/service/create-talker.js";
import type { TalkOptions } from "../../harness/service/talk-report.js";
import { type Talker, TalkTally } from "../../harness/service/talk-tally.js";

const top = fileURLToPath(new URL("../../../..", import.meta.url));
const rounds = 8;
/** Of those that are silent: who has a request in a round. */
const speaksEvery = 3;

function configure(rig: Rig, release: string): void {
  const lines = [
    `command = ${JSON.stringify([process.execPath, "server.js"])}`,
    `release = ${JSON.stringify(release)}`,
    "workers = 2",
    "[listeners.http]",
    `address = "127.0.0.1:${rig.port}"`,
    "[listeners.udp]",
    `address = "udp:127.0.0.1:${rig.port}"`,
  ];
  writeFileSync(rig.configFile, withoutJudges(`${lines.join("\n")}\n`));
}

test("all that is hard in HTTP/1.1, beside UDP and clients that are silent: over upgrades back and forth nothing is lost, doubled, reordered or reopened", async (t) => {
  await using rig = new Rig();
  const release = join(rig.directory, "torture");
  cpSync(join(top, "test/apps/torture"), release, { recursive: true });
  mkdirSync(join(release, "node_modules"));
  symlinkSync(top, join(release, "node_modules/holdfast"));
  const setVersion = (version: string): void => writeFileSync(join(release, "version"), version);
  setVersion("v0");
  configure(rig, release);
  await rig.manager.startReady();
  const options: TalkOptions = {
    app: "torture",
    address: `127.0.0.1:${rig.port}`,
    connections: 30,
    pauseMs: 0,
    numbered: false,
    durationMs: 0,
  };
  const tally = new TalkTally();
  const talkers = Array.from({ length: options.connections }, (_, index) =>
    createTalker(index, options, tally),
  );
  let going = true;
  const talk = async (talker: Talker): Promise<void> => {
    while (going && talker.isOpen) {
      await talker.say();
      await pause(options.pauseMs);
    }
  };
  await Promise.all(talkers.map((talker) => talker.open()));
  const talking = Promise.all(talkers.map(talk));
  const silent = await KeptConnection.openMany(rig.port, options.connections);
  const speak = async (connections: readonly KeptConnection[]): Promise<void> => {
    const answers = await Promise.all(connections.map((connection) => connection.exchange("/")));
    assert.ok(answers.every(({ kept }) => kept));
  };
  await speak(silent);
  for (let round = 1; round <= rounds; round += 1) {
    setVersion(`v${round % 2}`);
    assert.equal((await rig.upgrade()).failure, null);
    await rig.settled();
    const { answered } = tally.report();
    await rig.manager.waitFor("all to be answered again", () => {
      const { wrong, answered: now } = tally.report();
      return wrong.length > 0 || now > answered + 2 * options.connections;
    });
    await speak(silent.filter((_, index) => (index + round) % speaksEvery === 0));
  }
  await speak(silent);
  going = false;
  await talking;
  const report = tally.report();
  t.diagnostic(`${report.said} requests and datagrams`);
  assert.deepEqual(report.wrong, []);
  assert.deepEqual([report.closed, report.answered], [0, report.said]);
  assert.ok(talkers.every(({ isOpen }) => isOpen));
  assert.deepEqual(Object.keys(report.versions).sort(), ["v0", "v1"]);
  const { generations } = await rig.settled();
  const servers = generations.flatMap(({ workers }) => workers.flatMap((worker) => worker.servers));
  const adopted = servers.reduce((sum, { counters }) => sum + counters.adopted, 0);
  const overHttp = talkers.length - talkers.length / 5 + silent.length;
  assert.equal(adopted, overHttp, "each HTTP connection is one that was kept");
  for (const talker of talkers) talker.close();
  for (const connection of silent) connection.end();
  await balance(rig);
});
