import { test } from "node:test";
import { upgradeUnderFaults } from "../../harness/process/strike.js";

for (const how of ["die-before", "die-after"] as const) {
  const when = how.replace("-", " ");
  test(`ours: a daemon may ${when} any effect of an upgrade and any message to a worker: every connection stays`, async (t) => {
    t.diagnostic(await upgradeUnderFaults(how, { native: true }));
  });
}

test("any effect of an upgrade of native workers may fail: every connection stays", async (t) => {
  t.diagnostic(await upgradeUnderFaults("fail", { native: true }));
});
