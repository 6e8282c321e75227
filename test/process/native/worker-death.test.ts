import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { balance } from "../../harness/process/accounts.js";
import { type Death, diedFile } from "../../harness/process/death.js";
import { KeptConnection } from "../../harness/process/kept.js";
import { Rig } from "../../harness/process/rig.js";

/** Two whole batches after those that grow, and some. */
const kept = 170;

/** Connections in the first `batches`: 1, 2, 4, 8, 16, 32, then 50 each. */
function sentIn(batches: number): number {
  return Array.from({ length: batches }, (_, n) => Math.min(2 ** n, 50)).reduce((sum, size) => sum + size, 0);
}

interface Case extends Death {
  /** How many connections somebody else than the one who dies holds at that moment. */
  readonly saved: number;
}

const before = (at: string, nth: number, saved: number): Case => ({ at, when: "before", nth, saved });
const after = (at: string, nth: number, saved: number): Case => ({ at, when: "after", nth, saved });

interface After {
  /** How many of the connections still answer. */
  readonly answered: number;
  /** What the next one to count is told. */
  readonly count: number;
}

/** An upgrade in which one worker dies, over idle connections each of which has counted once. */
async function upgradeOverDeath(die: Death, who: "old" | "new", exclusive: boolean): Promise<After> {
  await using rig = new Rig({ native: true, exclusive, inPlace: true });
  rig.release(who === "old" ? { version: "1", die } : { version: "1" });
  await rig.manager.startReady();
  const connections = await KeptConnection.openMany(rig.port, kept);
  await Promise.all(connections.map((connection) => connection.ask("/count")));
  rig.release(who === "new" ? { version: "2", die } : { version: "2" });
  const { failure } = await rig.upgrade();
  assert.equal(failure, null);
  const release = join(rig.directory, `release-${who === "old" ? 1 : 2}`);
  await rig.manager.waitFor("the death", () => existsSync(join(release, diedFile)));
  rig.release({ version: "2" });
  const answers = await Promise.all(
    connections.map((connection) => connection.ask().then(({ version }) => version, String)),
  );
  assert.equal((await rig.ask()).version, "2");
  // What an old worker has taken back it keeps until the next request, which may be a few away.
  await rig.manager.waitFor("one generation, ready", async () => {
    const open = connections.filter(({ closed }) => !closed);
    await Promise.all(open.map((connection) => connection.ask().catch(() => "closed")));
    return (await rig.status()).generations.length === 1;
  });
  await rig.settled();
  await balance(rig);
  const last = await KeptConnection.open(rig.port);
  const { count } = await last.ask("/count");
  for (const connection of [...connections, last]) connection.end();
  return { count, answered: answers.filter((version) => version === "1" || version === "2").length };
}

const old: readonly Case[] = [
  before("send state", 1, 0),
  after("send state", 1, 0),
  before("send prepare", 1, 0),
  after("send prepare", 1, sentIn(1)),
  before("send prepare", 2, sentIn(1)),
  after("send prepare", 8, sentIn(8)),
  before("read received", 1, sentIn(1)),
  before("send go", 1, sentIn(1)),
  after("send go", 1, sentIn(1)),
  before("send go", 7, sentIn(7)),
  before("send go", 9, kept),
  before("send end", 1, kept),
  after("send end", 1, kept),
];

for (const { saved, ...die } of old) {
  test(`the old worker may die ${die.when} it does "${die.at}" number ${die.nth}: what it had sent is served on`, async (t) => {
    const { answered } = await upgradeOverDeath(die, "old", false);
    t.diagnostic(`${answered} of ${kept}`);
    assert.ok(answered >= saved, `${answered} of the ${saved} that it had sent are left`);
  });
}

const young: readonly Case[] = [
  before("read state", 1, kept),
  before("read prepare", 1, kept),
  before("send received", 1, kept),
  after("send received", 1, kept - sentIn(1)),
  before("send received", 7, kept - sentIn(6)),
  after("send received", 7, kept - sentIn(7)),
  before("read go", 1, kept - sentIn(2)),
  before("read end", 1, 0),
];

for (const { saved, ...die } of young) {
  test(`MOSN: the receiver of connections may die ${die.when} it does "${die.at}" number ${die.nth}: what it had not acknowledged is served on`, async (t) => {
    const { answered } = await upgradeOverDeath(die, "new", false);
    t.diagnostic(`${answered} of ${kept}`);
    assert.ok(answered >= saved, `${answered} of ${saved} are left`);
  });
}

for (const [who, die, counted] of [
  // What it alone knew is gone; on disk is what was written in the last ten seconds.
  ["old", before("send state", 1, 0), 0],
  ["old", after("send state", 1, 0), kept],
  ["old", after("send prepare", 2, sentIn(2)), kept],
  ["new", before("read state", 1, kept), kept],
  ["new", before("read prepare", 1, kept), kept],
  ["new", before("read end", 1, 0), kept],
] as const) {
  test(`exclusive: the ${who} worker may die ${die.when} it does "${die.at}": the state that the other one has is not lost`, async (t) => {
    const { answered, count } = await upgradeOverDeath(die, who, true);
    t.diagnostic(`${answered} of ${kept}`);
    assert.ok(answered >= die.saved, `${answered} of ${die.saved} are left`);
    assert.ok(count > counted, `the next count is ${count}`);
  });
}
