import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { seeded } from "../../simulation/chance.js";
import { batchesOf, none, pace, simulateRoll, timeOfRoll } from "../../simulation/fleet/simulate-roll.js";
import { fleetTables } from "../../simulation/fleet/tables.js";

test("the tables of docs/fleet.md are those that the simulation prints", () => {
  const page = readFileSync("docs/fleet.md", "utf8");
  const tables = fleetTables(1);
  assert.ok(tables.length > 3);
  for (const [caption, table] of tables) assert.ok(page.includes(`${caption}\n\n${table}\n`), caption);
});

test("batches are Ansible's: numbers and shares of all hosts, the last again until none is left", () => {
  assert.deepEqual(batchesOf([1, { share: 0.1 }, { share: 1 }], 100), [1, 10, 89]);
  assert.deepEqual(batchesOf([1, { share: 0.1 }, { share: 1 }], 5), [1, 1, 3]);
  assert.deepEqual(batchesOf([2], 5), [2, 2, 1]);
});

test("a fault that all see at once is on the hosts of the first batch alone, and for no longer than its trial", () => {
  const fault = { trial: 1, probation: 0, gate: 0 };
  for (let seed = 1; seed < 50; seed++) {
    const roll = { hosts: 100, forks: 100, fault, plan: [1, { share: 1 }] };
    const blast = simulateRoll(seeded(seed), roll);
    assert.equal(blast.hosts, 1);
    assert.ok(blast.hostSeconds <= pace.trial && blast.seconds <= pace.trial);
  }
});

test("a fault that nobody sees is on all hosts until people notice", () => {
  const roll = { hosts: 100, forks: 10, plan: [1, { share: 1 }] };
  const blast = simulateRoll(seeded(1), { ...roll, fault: none });
  const rest = pace.gate + pace.noticed + 10 * pace.back;
  assert.deepEqual([blast.hosts, blast.seconds], [100, timeOfRoll(roll) - pace.before + rest]);
});
