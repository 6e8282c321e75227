import assert from "node:assert/strict";
import { test } from "node:test";
import type { Plan } from "../../../src/model/plan.js";
import { parse } from "./sample.js";

const command = 'command = ["x"]\n';

function read(toml: string): Plan {
  const result = parse(command + toml);
  assert.ok(result.ok, result.ok ? "" : result.failure.message);
  return result.value.plan;
}

test("a trial and a probation of no time are none", () => {
  for (const nothing of ["0s", "0 ms", "0min"]) {
    const { trial, probation } = read(`[trial]\ntime = "${nothing}"\n[probation]\ntime = "${nothing}"`);
    assert.deepEqual([trial.timeMs, probation.timeMs], [0, 0]);
  }
});

test("a share is a part of 1, also one of a fraction of a hundredth", () => {
  const shareOf = (share: string) => read(`[trial]\nshare = "${share}"`).trial.share;
  assert.deepEqual(["5%", "0.5 %", "99%"].map(shareOf), [0.05, 0.005, 0.99]);
});

test("each judge can be switched off", () => {
  const { judge } = read(
    'verify = { http = "/healthz" }\n[judge]\ndeaths = false\naccepts = false\nerrors = false\nhealth = false',
  );
  const off = { deaths: false, accepts: false, errors: null, slowMs: null, health: null, command: null };
  assert.deepEqual(judge, off);
});

test("what is verified before the commit is asked again after it, unless there is a health of its own", () => {
  const verify = 'verify = { http = "/ready", status = 204, timeout = "2s" }\n';
  const again = { http: "/ready", status: 204, everyMs: 5_000, timeoutMs: 2_000, failures: 3 };
  assert.deepEqual(read(verify).judge.health, again);
  const own = { http: "/healthz", status: 200, everyMs: 5_000, timeoutMs: 5_000, failures: 3 };
  assert.deepEqual(read(`${verify}[judge]\nhealth = { http = "/healthz" }`).judge.health, own);
});

const refused: readonly (readonly [toml: string, problem: string])[] = [
  ['trial = "3s"', '2: trial: must be a table, as in time = "3s" below [trial]'],
  ["[[trial]]", '2: trial: must be a table, as in time = "3s" below [trial]'],
  ["[trial]\ntime = 3", '3: trial.time: must be a string; write it in quotes, as in "3s"'],
  [
    '[trial]\ntime = "3"',
    '3: trial.time: cannot read time span "3": a unit is missing; write "3s" if seconds are meant',
  ],
  [
    '[trial]\ntime = "-3s"',
    '3: trial.time: cannot read time span "-3s": write whole numbers with units, as in "30s", "500ms" or "1m 30s"',
  ],
  ['[trial]\ntime = "25h"', '3: trial.time: cannot read time span "25h": it must be at most "24h"'],
  ['[trial]\ntimes = "3s"', "3: trial.times: unknown key `times`; did you mean `time`?"],
  ["[trial]\nshare = 5", '3: trial.share: must be a string; write it in quotes, as in "5%"'],
  ...["5", "0%", "100%", "-5%", "5%%", "", "1e1%"].map(
    (share) =>
      [
        `[trial]\nshare = "${share}"`,
        `3: trial.share: cannot read "${share}": write a percentage over 0% and below 100%, as in "5%"`,
      ] as const,
  ),
  [
    '[trial]\nshare = "5%"\ntime = "0s"',
    '3: trial.share: is a share of the connections during the trial, and with time = "0s" there is none; remove it',
  ],
  [
    'strategy = "exclusive"\n[trial]\nshare = "5%"',
    '4: trial.share: is about two versions that serve side by side, and with strategy = "exclusive" they do not; remove share',
  ],
  ['probation = "1m"', '2: probation: must be a table, as in time = "1m" below [probation]'],
  ["[probation]\ntime = true", '3: probation.time: must be a string; write it in quotes, as in "1m"'],
  [
    '[probation]\ntime = "1 day"',
    '3: probation.time: cannot read time span "1 day": "day" is not a unit; known are ms, s, sec, m, min, h',
  ],
  ['[probation]\nshare = "5%"', "3: probation.share: unknown key `share`; known here: time"],
  ["judge = true", "2: judge: must be a table, as in deaths = true below [judge]"],
  ['[judge]\ndeaths = "yes"', "3: judge.deaths: must be true or false, without quotes"],
  ["[judge]\naccepts = 1", "3: judge.accepts: must be true or false, without quotes"],
  ["[judge]\nacepts = true", "3: judge.acepts: unknown key `acepts`; did you mean `accepts`?"],
  [
    "[judge]\nerrors = true",
    '3: judge.errors: must be a string; write it in quotes, as in "5%", or false without them',
  ],
  [
    "[judge]\nerrors = 0.05",
    '3: judge.errors: must be a string; write it in quotes, as in "5%", or false without them',
  ],
  [
    '[judge]\nerrors = "120%"',
    '3: judge.errors: cannot read "120%": write a percentage over 0% and below 100%, as in "5%"',
  ],
  ["[judge]\nslow = 1", '3: judge.slow: must be a string; write it in quotes, as in "1s"'],
  ['[judge]\nslow = "0s"', '3: judge.slow: cannot read time span "0s": it must be more than zero'],
  [
    '[judge]\nslow = "1s"\nerrors = false',
    "3: judge.slow: makes slow responses count among the failed ones, and with errors = false nobody looks at those; remove one of the two",
  ],
  ...["true", '"/healthz"', "5"].map(
    (health) =>
      [
        `[judge]\nhealth = ${health}`,
        '3: judge.health: must be a table, as in { http = "/healthz", every = "5s", failures = 3 }, or false',
      ] as const,
  ),
  ...["{}", '{ every = "5s" }'].map(
    (health) =>
      [
        `[judge]\nhealth = ${health}`,
        '3: judge.health.http: needs `http`, the path to ask for, as in { http = "/healthz" }',
      ] as const,
  ),
  [
    '[judge]\nhealth = { http = "healthz" }',
    '3: judge.health.http: must be the path to ask for; write "/healthz"',
  ],
  [
    '[judge]\nhealth = { http = "/", status = 99 }',
    "3: judge.health.status: must be a whole number from 100 to 599, without quotes",
  ],
  ...["0", "-3", "1.5", "101", '"3"'].map(
    (failures) =>
      [
        `[judge]\nhealth = { http = "/", failures = ${failures} }`,
        "3: judge.health.failures: must be a whole number from 1 to 100, without quotes",
      ] as const,
  ),
  [
    '[judge]\nhealth = { http = "/", every = "0s" }',
    '3: judge.health.every: cannot read time span "0s": it must be more than zero',
  ],
  [
    '[judge]\nhealth = { http = "/", timeout = 5 }',
    '3: judge.health.timeout: must be a string; write it in quotes, as in "5s"',
  ],
  [
    '[judge.health]\nhttp = "/"\nevry = "5s"',
    "4: judge.health.evry: unknown key `evry`; did you mean `every`?",
  ],
  [
    '[judge]\ncommand = "ask"',
    '3: judge.command: must be an array of strings; write ["/usr/local/bin/ask-prometheus"]',
  ],
  ["[judge]\ncommand = []", '3: judge.command: must name a program; write ["/usr/local/bin/ask-prometheus"]'],
  [
    '[judge]\ncommand = [""]',
    '3: judge.command: must name a program before its arguments; write ["/usr/local/bin/ask-prometheus"]',
  ],
  ["rollback = true", "2: rollback: must be a table, as in lose_state = true below [rollback]"],
  ['[rollback]\nlose_state = "yes"', "3: rollback.lose_state: must be true or false, without quotes"],
  [
    "[rollback]\nlose-state = true",
    "3: rollback.lose-state: unknown key `lose-state`; did you mean `lose_state`?",
  ],
];

for (const [toml, problem] of refused) {
  test(`${JSON.stringify(toml)} is refused with file, line, key and what to write`, () => {
    const result = parse(command + toml);
    assert.ok(!result.ok, "was accepted");
    assert.deepEqual(result.failure.message.split("\n"), [`web.toml:${problem}`]);
  });
}
