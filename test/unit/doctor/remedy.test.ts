import assert from "node:assert/strict";
import { test } from "node:test";
import { examine } from "../../../src/doctor/examine.js";
import { configOf, healthy, machine, withUnit } from "./sample.js";

test("problems come before notes", () => {
  const findings = examine({
    ...withUnit({ KillMode: "mixed" }),
    machine: { ...machine, systemdVersion: "252" },
  });
  assert.deepEqual(
    findings.map(({ level }) => level),
    ["problem", "note"],
  );
});

test("the line to change is the admin's own if there is one, else one for a drop-in", () => {
  const [own] = examine(
    withUnit({ KillMode: "mixed" }, "# mine\n[Service]\nKillMode=none\n KillMode=mixed\n"),
  );
  assert.deepEqual(own?.remedy, {
    where: "/etc/systemd/system/holdfast@web.service.d/x.conf:4",
    lines: ["KillMode=process"],
  });
  const [packaged] = examine(withUnit({ KillMode: "mixed" }));
  assert.deepEqual(packaged?.remedy, {
    where: "systemctl edit holdfast@web.service",
    lines: ["[Service]", "KillMode=process"],
  });
});

test("a mistake in the config is told with its line", () => {
  const [finding] = examine({ ...healthy, config: configOf("worker = 1") });
  assert.equal(finding?.remedy?.where, "/etc/holdfast/web.toml:4");
  assert.match(finding?.message ?? "", /did you mean `workers`\?/);
});
