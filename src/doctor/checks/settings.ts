import { findServer } from "../../config/servers.js";
import { exitConfig, exitReexec } from "../../lib/exit-statuses.js";
import type { Facts } from "../facts.js";
import { type Check, type Finding, findSetting, inUnit, note, problem } from "../finding.js";
import { readTimeSpan } from "../time-span.js";

/** A setting of the unit that has to have one of a few values, whatever the config says. */
interface Setting {
  readonly check: string;
  /** As `systemctl show` calls it, where the unit file calls it otherwise. */
  readonly property?: string;
  readonly fits: (value: string) => boolean;
  /** The assignment to write. */
  readonly write: string;
  readonly section?: "Unit";
  /** What it leads to as it is. */
  readonly why: string;
}

const settings: readonly Setting[] = [
  {
    check: "type",
    fits: (value) => value === "notify",
    write: "Type=notify",
    why: "systemd does not wait until the service is ready, or a reload cannot report that it failed",
  },
  {
    check: "notify-access",
    fits: (value) => value === "exec" || value === "all",
    write: "NotifyAccess=exec",
    why: "`holdfast upgrade` (ExecReload=) cannot end a reload whose daemon has died",
  },
  {
    check: "kill-mode",
    fits: (value) => value === "process",
    write: "KillMode=process",
    why: "systemd ends the workers together with the daemon, at every restart and crash",
  },
  {
    check: "fd-store-preserve",
    property: "FileDescriptorStorePreserve",
    fits: (value) => value !== "no",
    write: "FileDescriptorStorePreserve=restart",
    why: "systemd closes the kept sockets as soon as the daemon ends",
  },
  {
    check: "runtime-directory-preserve",
    fits: (value) => value === "restart" || value === "yes",
    write: "RuntimeDirectoryPreserve=restart",
    why: "at a restart the workers' notify sockets are removed under them",
  },
  {
    check: "oom-policy",
    fits: (value) => value === "continue",
    write: "OOMPolicy=continue",
    why: "one worker that is killed for its memory stops the whole service",
  },
  {
    check: "restart",
    fits: (value) => value === "on-failure" || value === "always",
    write: "Restart=on-failure",
    why: "a daemon that has died is not started again, and crashed workers are not replaced",
  },
  {
    check: "reexec-status",
    property: "RestartForceExitStatus",
    fits: (value) => has(value, String(exitReexec), "TEMPFAIL"),
    write: `RestartForceExitStatus=${exitReexec}`,
    why: `\`holdfast reexec\` ends the daemon with ${exitReexec} to be started again, and it may not be`,
  },
  {
    check: "success-status",
    property: "SuccessExitStatus",
    fits: (value) => has(value, String(exitReexec), "TEMPFAIL"),
    write: `SuccessExitStatus=${exitReexec}`,
    why: `\`holdfast reexec\` (${exitReexec}) counts as a failure: OnFailure= units are started`,
  },
  {
    check: "config-status",
    property: "RestartPreventExitStatus",
    fits: (value) => has(value, String(exitConfig), "CONFIG"),
    write: `RestartPreventExitStatus=${exitConfig}`,
    why: `a daemon that cannot read its config (${exitConfig}) is started again and again`,
  },
  {
    check: "start-limit",
    property: "StartLimitIntervalUSec",
    fits: (value) => readTimeSpan(value) === 0,
    write: "StartLimitIntervalSec=0",
    section: "Unit",
    why: "after some crashes of the daemon in a row systemd gives up, and its workers are ended",
  },
];

/** The table above. */
export const checkSettings: Check = ({ unit }) =>
  settings.flatMap((setting) => {
    const { check, write, section, why, fits } = setting;
    const [key = ""] = write.split("=", 1);
    const value = unit.properties.get(setting.property ?? key);
    if (value === undefined || fits(value)) return [];
    return [problem(check, `${key}=${value}: ${why}`, inUnit(unit, write, section))];
  });

/** Until the service has been started systemd shows no watchdog, whatever the unit says: then the files count. */
export const checkWatchdog: Check = ({ unit }) => {
  const started = Number(unit.properties.get("MainPID")) > 0;
  const set = findSetting(unit.sources, "WatchdogSec")?.value;
  const intervalMs = readTimeSpan(unit.properties.get("WatchdogUSec") ?? "") ?? 0;
  const on = started
    ? intervalMs > 0 && intervalMs < Number.POSITIVE_INFINITY
    : !/^(|0\w*|infinity)$/.test(set ?? "");
  if (on) return [];
  const message = "WatchdogSec= is not set: a daemon that hangs is not noticed";
  return [problem("watchdog", message, inUnit(unit, "WatchdogSec=30s"))];
};

/** With a socket unit systemd sets the listener's O_NONBLOCK as the unit says at each start of the daemon: fcntl(2) F_SETFL. */
export const checkNonBlocking: Check = ({ unit, sockets, config }) => {
  if (sockets.length === 0 || unit.properties.get("NonBlocking") !== "no") return [];
  if (config.ok && findServer(config.value.plan.command)?.blocks) return [];
  const remedy = inUnit(unit, "NonBlocking=yes");
  if (findSetting(unit.sources, "NonBlocking") !== undefined) {
    const message =
      "NonBlocking=no: right only if the workers wait in a blocking accept(2), as few servers do";
    return [note("non-blocking", message, remedy)];
  }
  const why =
    "at each start of the daemon the listeners become blocking under running workers; one that comes second to a connection hangs";
  return [problem("non-blocking", `NonBlocking= is not set: ${why}`, remedy)];
};

/** What the unit has to run beside the daemon, and the directories that systemd has to make for it. */
export const checkCommands: Check = (facts) => {
  const { unit, name } = facts;
  const lacks = (property: string, pattern: RegExp): boolean =>
    !pattern.test(unit.properties.get(property) ?? "");
  const findings: Finding[] = [];
  const expect = (check: string, lacking: boolean, write: string, why: string): void => {
    if (lacking) findings.push(problem(check, why, inUnit(unit, write)));
  };
  expect(
    "exec-reload",
    lacks("ExecReload", /holdfast.* upgrade/),
    `ExecReload=/usr/bin/holdfast -n ${name} upgrade`,
    "ExecReload= is not `holdfast upgrade`: `systemctl reload` does not upgrade, or does not say how it ended",
  );
  expect(
    "exec-stop-post",
    lacks("ExecStopPost", /holdfast.* reap/),
    `ExecStopPost=/usr/bin/holdfast -n ${name} reap`,
    "ExecStopPost= is not `holdfast reap`: workers of a daemon that died in the middle of a stop are left",
  );
  expect(
    "runtime-directory",
    lacks("RuntimeDirectory", /./),
    `RuntimeDirectory=holdfast/${name}`,
    "RuntimeDirectory= is not set: the control socket has no place that the service may write to",
  );
  expect(
    "state-directory",
    lacks("StateDirectory", /./),
    `StateDirectory=holdfast/${name}`,
    "StateDirectory= is not set: the state has no place that the service may write to",
  );
  return [...findings, ...checkReload(facts)];
};

function checkReload({ unit }: Facts): Finding[] {
  if (unit.properties.get("NeedDaemonReload") !== "yes") return [];
  const message = "a unit file has changed since systemd read it: what is checked here is the old one";
  return [problem("daemon-reload", message, { where: "systemctl daemon-reload", lines: [] })];
}

function has(list: string, ...words: readonly string[]): boolean {
  return list.split(/\s+/).some((word) => words.includes(word));
}
