import { test } from "node:test";
import { upgradeUnderFaults } from "../../harness/process/strike.js";

for (const how of ["die-before", "die-after"] as const) {
  const when = how.replace("-", " ");
  test(`exclusive: a daemon may ${when} any effect or message of an upgrade: there is never a second writer`, async (t) => {
    t.diagnostic(await upgradeUnderFaults(how, { native: true, exclusive: true }));
  });
}
