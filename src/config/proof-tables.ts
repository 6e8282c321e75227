import * as v from "valibot";
import { parseDuration } from "../lib/duration.js";
import { type Failure, fail, type Result, succeed } from "../lib/failure.js";
import type { HealthCheck, Judges, Plan } from "../model/plan.js";
import { argv, count, readWith, requestPath, table } from "./values.js";

/** The tables that say how a version has to prove itself. */

const healthEveryMs = 5_000;
const healthFailures = 3;
const commandEveryMs = 5_000;
const commandTimeoutMs = 10_000;
const mostFailures = 100;

/** A time span that may also be nothing. */
function parseSpan(value: string): Result<number, Failure<"duration-invalid">> {
  return /^\s*0+\s*(ms|s|sec|m|min|h)\s*$/.test(value) ? succeed(0) : parseDuration(value);
}

/** `5%`, over zero and below 100, as a share of 1. */
function parsePercentage(value: string): Result<number, Failure<"percentage-invalid">> {
  const digits = /^\s*([0-9]+(?:\.[0-9]+)?)\s*%\s*$/.exec(value)?.[1];
  const share = Number(digits ?? Number.NaN) / 100;
  if (share > 0 && share < 1) return succeed(share);
  return fail(
    "percentage-invalid",
    `cannot read ${JSON.stringify(value)}: write a percentage over 0% and below 100%, as in "5%"`,
  );
}

const span = (example: string) => readWith(parseSpan, example);
const percentage = readWith(parsePercentage, '"5%"');
const percentageOrFalse = readWith(parsePercentage, '"5%"', ", or false without them");
const flag = v.boolean("must be true or false, without quotes");

function orFalse<T>(schema: v.GenericSchema<unknown, T>) {
  return v.optional(v.lazy((value) => (value === false ? v.literal(false) : schema)));
}

export const trialEntries = {
  time: v.optional(span('"3s"'), "3s"),
  share: v.optional(percentage),
};

export const trial = v.pipe(
  table('must be a table, as in time = "3s" below [trial]'),
  v.object(trialEntries),
  v.forward(
    v.partialCheck(
      [["time"], ["share"]],
      ({ time, share }) => share === undefined || time > 0,
      'is a share of the connections during the trial, and with time = "0s" there is none; remove it',
    ),
    ["share"],
  ),
  v.transform(({ time, share }): Plan["trial"] => ({ timeMs: time, share: share ?? null })),
);

export const probationEntries = { time: v.optional(span('"1m"'), "1m") };

export const probation = v.pipe(
  table('must be a table, as in time = "1m" below [probation]'),
  v.object(probationEntries),
  v.transform(({ time }): Plan["probation"] => ({ timeMs: time })),
);

export const healthEntries = {
  http: requestPath(),
  status: v.optional(count(100, 599), 200),
  every: v.optional(readWith(parseDuration, '"5s"'), "5s"),
  timeout: v.optional(readWith(parseDuration, '"5s"'), "5s"),
  failures: v.optional(count(1, mostFailures), healthFailures),
};

const health = v.pipe(
  table('must be a table, as in { http = "/healthz", every = "5s", failures = 3 }, or false'),
  v.object(healthEntries, 'needs `http`, the path to ask for, as in { http = "/healthz" }'),
  v.transform(({ http, status, every, timeout, failures }): HealthCheck => {
    return { http, status, everyMs: every, timeoutMs: timeout, failures };
  }),
);

export const judgeEntries = {
  deaths: v.optional(flag, true),
  accepts: v.optional(flag, true),
  errors: orFalse(percentageOrFalse),
  slow: v.optional(readWith(parseDuration, '"1s"')),
  health: orFalse(health),
  command: v.optional(argv('["/usr/local/bin/ask-prometheus"]')),
};

const defaultErrors = 0.05;

export const judge = v.pipe(
  table("must be a table, as in deaths = true below [judge]"),
  v.object(judgeEntries),
  v.forward(
    v.partialCheck(
      [["errors"], ["slow"]],
      ({ errors, slow }) => errors !== false || slow === undefined,
      "makes slow responses count among the failed ones, and with errors = false nobody looks at those; remove one of the two",
    ),
    ["slow"],
  ),
  v.transform(({ deaths, accepts, errors, slow, health: asked, command }) => ({
    deaths,
    accepts,
    errors: errors === false ? null : (errors ?? defaultErrors),
    slowMs: slow ?? null,
    health: asked,
    command:
      command === undefined ? null : { argv: command, everyMs: commandEveryMs, timeoutMs: commandTimeoutMs },
  })),
);

/** What is asked once before the commit is asked again after it, unless the config says something else. */
export function judgesOf(given: v.InferOutput<typeof judge>, verify: Plan["verify"]): Judges {
  const usual = verify === null ? null : { ...verify, everyMs: healthEveryMs, failures: healthFailures };
  return { ...given, health: given.health === false ? null : (given.health ?? usual) };
}

export const rollbackEntries = { lose_state: v.optional(flag, false) };

export const rollback = v.pipe(
  table("must be a table, as in lose_state = true below [rollback]"),
  v.object(rollbackEntries),
  v.transform(({ lose_state }): Plan["rollback"] => ({ loseState: lose_state })),
);
