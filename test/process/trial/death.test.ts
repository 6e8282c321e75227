import { test } from "node:test";
import { openGate, turnUnderFaults } from "../../harness/process/strike-trial.js";

for (const how of ["die-before", "die-after"] as const) {
  const when = how.replace("-", " ");

  test(`a daemon may ${when} any effect of a trial's end: the new version is kept, and nobody notices`, async (t) => {
    t.diagnostic(
      await turnUnderFaults(how, {
        phase: "trial",
        native: false,
        kept: true,
        turn: (rig) => rig.control.order("commit"),
      }),
    );
  });

  test(`a daemon may ${when} any effect of a rollback in a trial: the old version serves on, and nobody notices`, async (t) => {
    t.diagnostic(
      await turnUnderFaults(how, {
        phase: "trial",
        native: false,
        kept: false,
        turn: (rig) => rig.control.request("rollback"),
      }),
    );
  });

  test(`a daemon may ${when} any effect of a failed trial: the old version serves on, and nobody notices`, async (t) => {
    t.diagnostic(
      await turnUnderFaults(how, { phase: "trial", native: false, bad: true, kept: false, turn: openGate }),
    );
  });

  test(`a daemon may ${when} any effect of the way back from a probation: it is gone to its end, and nobody notices`, async (t) => {
    t.diagnostic(
      await turnUnderFaults(how, {
        phase: "probation",
        native: false,
        bad: true,
        kept: false,
        turn: openGate,
      }),
    );
  });
}
