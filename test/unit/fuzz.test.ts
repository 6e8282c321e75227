import { test } from "node:test";
import { targets } from "../fuzz/targets.js";

for (const [name, { open, seeds }] of Object.entries(targets)) {
  if (seeds === 0) continue;
  test(`fuzz: no input from outside at ${name} does more than it may (npm run fuzz -- ${name})`, async () => {
    await using target = await open();
    for (let seed = 1; seed <= seeds; seed++) await target.feed(seed);
  });
}
