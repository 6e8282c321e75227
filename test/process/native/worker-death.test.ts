import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { balance } from "../../harness/process/accounts.js";
import { type Death, diedFile, readLegacy } from "../../harness/process/death.js";
import { KeptConnection } from "../../harness/process/kept.js";
import { Rig } from "../../harness/process/rig.js";

/** More than the first six batches have, which are of 32 at most. */
const kept = 170;

const before = (at: string, nth: number): Death => ({ at, when: "before", nth });
const after = (at: string, nth: number): Death => ({ at, when: "after", nth });

interface After {
  /** How many somebody else than the one who died held at that moment. */
  readonly saved: number;
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
  const { sent, acknowledged } = readLegacy(release);
  const saved = who === "old" ? sent : kept - acknowledged;
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
  return { saved, count, answered: answers.filter((version) => version === "1" || version === "2").length };
}

const old: readonly Death[] = [
  before("send state", 1),
  after("send state", 1),
  before("send prepare", 1),
  after("send prepare", 1),
  before("send prepare", 2),
  after("send prepare", 5),
  before("read received", 1),
  before("send go", 1),
  after("send go", 1),
  before("send go", 5),
  before("send end", 1),
  after("send end", 1),
];

for (const die of old) {
  test(`the old worker may die ${die.when} it does "${die.at}" number ${die.nth}: what it had sent is served on`, async (t) => {
    const { answered, saved } = await upgradeOverDeath(die, "old", false);
    t.diagnostic(`${answered} of ${kept}`);
    assert.ok(answered >= saved, `${answered} of the ${saved} that it had sent are left`);
  });
}

const young: readonly Death[] = [
  before("read state", 1),
  before("read prepare", 1),
  before("send received", 1),
  after("send received", 1),
  before("send received", 5),
  after("send received", 5),
  before("read go", 1),
  before("read end", 1),
];

for (const die of young) {
  test(`MOSN: the receiver of connections may die ${die.when} it does "${die.at}" number ${die.nth}: what it had not acknowledged is served on`, async (t) => {
    const { answered, saved } = await upgradeOverDeath(die, "new", false);
    t.diagnostic(`${answered} of ${kept}`);
    assert.ok(answered >= saved, `${answered} of ${saved} are left`);
  });
}

for (const [who, die, counted] of [
  // What it alone knew is gone; on disk is what was written in the last ten seconds.
  ["old", before("send state", 1), 0],
  ["old", after("send state", 1), kept],
  ["old", after("send prepare", 2), kept],
  ["new", before("read state", 1), kept],
  ["new", before("read prepare", 1), kept],
  ["new", before("read end", 1), kept],
] as const) {
  test(`exclusive: the ${who} worker may die ${die.when} it does "${die.at}": the state that the other one has is not lost`, async (t) => {
    const { answered, saved, count } = await upgradeOverDeath(die, who, true);
    t.diagnostic(`${answered} of ${kept}`);
    assert.ok(answered >= saved, `${answered} of ${saved} are left`);
    assert.ok(count > counted, `the next count is ${count}`);
  });
}
