import { test } from "node:test";
import { upgradeUnderFaults } from "../harness/process/strike.js";

test("ours: a daemon may die before any effect of an upgrade: it serves on, and nothing is left over", async (t) => {
  t.diagnostic(await upgradeUnderFaults("die-before"));
});

test("ours: a daemon may die after any effect of an upgrade: it serves on, and nothing is left over", async (t) => {
  t.diagnostic(await upgradeUnderFaults("die-after"));
});
