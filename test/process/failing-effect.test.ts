import { test } from "node:test";
import { upgradeUnderFaults } from "../harness/process/strike.js";

test("any effect of an upgrade may fail: it serves on, and nothing is left over", async (t) => {
  t.diagnostic(await upgradeUnderFaults("fail"));
});
