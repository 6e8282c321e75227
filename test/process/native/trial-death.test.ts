import { test } from "node:test";
import { openGate, turnUnderFaults } from "../../harness/process/strike-trial.js";

for (const how of ["die-before", "die-after"] as const) {
  const when = how.replace("-", " ");

  test(`a daemon may ${when} any effect and message of a trial's end: every connection stays`, async (t) => {
    t.diagnostic(
      await turnUnderFaults(how, {
        phase: "trial",
        native: true,
        kept: true,
        turn: (rig) => rig.control.order("commit"),
      }),
    );
  });

  test(`a daemon may ${when} any effect and message of a failed trial: every connection stays`, async (t) => {
    t.diagnostic(
      await turnUnderFaults(how, { phase: "trial", native: true, bad: true, kept: false, turn: openGate }),
    );
  });

  test(`a daemon may ${when} any effect and message of the way back from a probation: every connection stays`, async (t) => {
    t.diagnostic(
      await turnUnderFaults(how, {
        phase: "probation",
        native: true,
        bad: true,
        kept: false,
        turn: openGate,
      }),
    );
  });
}
