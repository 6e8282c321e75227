import { resolve } from "node:path";
import * as v from "valibot";
import { overlaps } from "../lib/address.js";
import { drainSignals } from "../lib/drain-signals.js";
import { parseDuration } from "../lib/duration.js";
import type { Plan, ReadyRule } from "../model/plan.js";
import type { ConfigDefaults } from "./config.js";
import { control } from "./control-table.js";
import { history } from "./history-table.js";
import { hooks } from "./hooks-table.js";
import { listeners } from "./listeners.js";
import { metrics } from "./metrics-table.js";
import { overlap, pathsWithin, tidyPath } from "./paths-within.js";
import { judge, judgesOf, probation, rollback, trial } from "./proof-tables.js";
import { argv, count, isCount, named, readWith, requestPath, table, text } from "./values.js";

const withoutSnapshots =
  'is about snapshots, and there are none without `release` or with snapshot = "off"; remove it';

const maxWorkers = 256;
const maxKept = 100;
const maxWarmed = 100;
const defaultReadyTimeoutMs = 30_000;

export const readyEntries = {
  when: v.optional(
    v.picklist(
      ["notify", "accepts"],
      'must be "notify" (it says READY=1) or "accepts" (it accepts connections); for the other rules write command = ["..."] or after = "2s" instead',
    ),
  ),
  command: v.optional(argv('["curl", "-fsS", "http://127.0.0.1:9000/health"]')),
  after: v.optional(readWith(parseDuration, '"2s"')),
  timeout: v.optional(readWith(parseDuration, '"30s"'), "30s"),
};

const ready = v.pipe(
  table('must be a table, as in when = "notify" below [ready]'),
  v.object(readyEntries),
  v.partialCheck(
    [["when"], ["command"], ["after"]],
    ({ when, command, after }) => [when, command, after].filter((rule) => rule !== undefined).length <= 1,
    "when, command and after are three rules of which one decides; keep one",
  ),
  v.forward(
    v.partialCheck(
      [["after"], ["timeout"]],
      ({ after, timeout }) => after === undefined || after < timeout,
      `must be shorter than ready.timeout (${defaultReadyTimeoutMs / 1_000}s unless given), or no worker is ever ready`,
    ),
    ["after"],
  ),
  v.transform(({ when, command, after, timeout }): Plan["ready"] => ({
    rule: chooseRule(when, command, after),
    timeoutMs: timeout,
  })),
);

export const drainEntries = {
  timeout: v.optional(readWith(parseDuration, '"60s"'), "60s"),
  kill: v.optional(readWith(parseDuration, '"5s"'), "5s"),
  signal: v.optional(
    v.picklist(drainSignals, `must be one of ${drainSignals.map((name) => `"${name}"`).join(", ")}`),
    "SIGTERM",
  ),
};

const drain = v.pipe(
  table('must be a table, as in timeout = "60s" below [drain]'),
  v.object(drainEntries),
  v.transform(({ timeout, kill, signal }): Plan["drain"] => ({ timeoutMs: timeout, killMs: kill, signal })),
);

export const verifyEntries = {
  http: requestPath(),
  status: v.optional(count(100, 599), 200),
  timeout: v.optional(readWith(parseDuration, '"5s"'), "5s"),
};

const verify = v.pipe(
  table('must be a table, as in { http = "/healthz", status = 200, timeout = "5s" }'),
  v.object(verifyEntries, 'needs `http`, the path to ask for, as in { http = "/healthz" }'),
  v.transform(({ http, status, timeout }): Plan["verify"] => ({ http, status, timeoutMs: timeout })),
);

const warm = v.pipe(
  v.array(requestPath(), 'must be an array of paths to ask for; write ["/"]'),
  v.maxLength(maxWarmed, `must not be more than ${maxWarmed} paths; each is asked of every new worker`),
  v.readonly(),
);

export const rootEntries = {
  command: argv('["/usr/bin/gunicorn", "app:app"]'),
  release: v.optional(v.pipe(text('"/srv/web"'), v.minLength(1, 'must name a directory; write "/srv/web"'))),
  workers: v.optional(
    v.custom<number | "auto">(
      (value) => value === "auto" || isCount(value, 1, maxWorkers),
      `must be a whole number from 1 to ${maxWorkers} without quotes, or "auto"`,
    ),
    1,
  ),
  environment: v.optional(named("must be a table of strings", judgeVariableName, text('"1"')), emptyTable),
  strategy: v.optional(
    v.picklist(
      ["overlap", "exclusive"],
      'must be "overlap" (both versions accept for a moment) or "exclusive" (one at a time)',
    ),
    "overlap",
  ),
  snapshot: v.optional(
    v.picklist(
      ["on", "off"],
      'must be "on" (run from a copy of the release) or "off" (run in the release itself)',
    ),
  ),
  shared: pathsWithin("uploads"),
  writable: pathsWithin("cache"),
  keep: v.optional(count(1, maxKept), 3),
  check: v.optional(argv('["gunicorn", "--check-config", "app:app"]')),
  warm: v.optional(warm, () => []),
  verify: v.optional(verify),
  listeners: v.optional(listeners),
  ready: v.optional(ready, emptyTable),
  drain: v.optional(drain, emptyTable),
  trial: v.optional(trial, emptyTable),
  probation: v.optional(probation, emptyTable),
  judge: v.optional(judge, emptyTable),
  rollback: v.optional(rollback, emptyTable),
  hooks: v.optional(hooks, emptyTable),
  history: v.optional(history, emptyTable),
  control: v.optional(control, emptyTable),
  metrics: v.optional(v.nullable(metrics), null),
};

/** The whole file: TOML's root table in, the plan and the listeners out. Unknown keys are not its business. */
export function configSchema(defaults: ConfigDefaults) {
  return v.pipe(
    v.object(
      rootEntries,
      'is missing; write the program to run, as in command = ["/usr/bin/gunicorn", "app:app"]',
    ),
    v.forward(
      v.partialCheck(
        [["snapshot"], ["release"]],
        ({ snapshot, release }) => snapshot !== "on" || release !== undefined,
        "needs `release`, the directory to copy; write it beside this",
      ),
      ["snapshot"],
    ),
    v.forward(
      v.partialCheck(
        [["shared"], ["snapshot"], ["release"]],
        ({ shared, snapshot, release }) =>
          shared.length === 0 || (snapshot !== "off" && release !== undefined),
        withoutSnapshots,
      ),
      ["shared"],
    ),
    v.forward(
      v.partialCheck(
        [["writable"], ["snapshot"], ["release"]],
        ({ writable, snapshot, release }) =>
          writable.length === 0 || (snapshot !== "off" && release !== undefined),
        withoutSnapshots,
      ),
      ["writable"],
    ),
    v.forward(
      v.partialCheck(
        [["shared"], ["writable"]],
        ({ shared, writable }) => !overlap(shared.map(tidyPath), writable.map(tidyPath)),
        "has a path that is in `shared`, too, or around or within one; a path is either each snapshot's own or shared by all",
      ),
      ["writable"],
    ),
    v.forward(
      v.partialCheck(
        [["strategy"], ["trial", "share"]],
        ({ strategy, trial: { share } }) => strategy === "overlap" || share === null,
        'is about two versions that serve side by side, and with strategy = "exclusive" they do not; remove share',
      ),
      ["trial", "share"],
    ),
    v.forward(
      v.partialCheck(
        [["metrics"], ["listeners"]],
        ({ metrics, listeners = [] }) =>
          !listeners.some(
            ({ address }) => address !== null && metrics !== null && overlaps(address, metrics.address),
          ),
        "the address is where a listener of the app listens, too; give the metrics a port of their own",
      ),
      ["metrics"],
    ),
    v.transform((root) => {
      const plan: Plan = {
        command: root.command,
        release: resolve(defaults.cwd, root.release ?? "."),
        // Without a directory of its own it is the daemon's, which is / under systemd.
        snapshot: root.release !== undefined && root.snapshot !== "off",
        shared: root.shared.map(tidyPath),
        writable: root.writable.map(tidyPath),
        keep: root.keep,
        workers: root.workers === "auto" ? Math.min(Math.max(defaults.cores, 1), maxWorkers) : root.workers,
        strategy: root.strategy,
        environment: Object.fromEntries(root.environment),
        check: root.check ?? null,
        ready: root.ready,
        warm: root.warm,
        verify: root.verify ?? null,
        drain: root.drain,
        trial: root.trial,
        probation: root.probation,
        judge: judgesOf(root.judge, root.verify ?? null),
        rollback: root.rollback,
        hooks: root.hooks,
      };
      const { control, history, metrics } = root;
      return { plan, listeners: root.listeners ?? null, control, history, metrics };
    }),
  );
}

/** As TOML's parser would make it, so that the defaults of an absent table's keys apply. */
function emptyTable(): Record<string, never> {
  return Object.create(null);
}

function chooseRule(
  when: "notify" | "accepts" = "notify",
  command: readonly string[] | undefined,
  afterMs: number | undefined,
): ReadyRule {
  if (command !== undefined) return { when: "command", command };
  if (afterMs !== undefined) return { when: "after", afterMs };
  return { when };
}

function judgeVariableName(name: string): string | null {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    return "a variable's name has letters, digits and underscores, and no digit in front";
  }
  if (/^(LISTEN_(PID|PIDFDID|FDS|FDNAMES)|NOTIFY_SOCKET|WATCHDOG_.*|HOLDFAST_.*)$/.test(name)) {
    return "the daemon sets or clears this variable itself; remove it";
  }
  return null;
}
