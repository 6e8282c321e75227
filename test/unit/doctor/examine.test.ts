import assert from "node:assert/strict";
import { test } from "node:test";
import { examine } from "../../../src/doctor/examine.js";
import type { Facts } from "../../../src/doctor/facts.js";
import { report } from "../control/fake-port.js";
import { configOf, healthy, machine, socket, withUnit } from "./sample.js";
import {
  apt,
  asking,
  down,
  home,
  http,
  needrestart,
  sharing,
  stalled,
  taken,
  withMachine,
  withSocket,
} from "./unhealthy.js";

/** Facts, and all that has to be found in them: each check with facts that pass and facts that fail. */
const cases: readonly (readonly [what: string, facts: Facts, ...found: readonly string[]])[] = [
  ["nothing is wrong", healthy],
  [
    "systemd does not know a setting",
    { ...healthy, unit: { ...healthy.unit, properties: new Map() } },
    "problem exec-reload",
    "problem exec-stop-post",
    "problem runtime-directory",
    "problem state-directory",
    "problem watchdog",
  ],
  ["Type", withUnit({ Type: "simple" }), "problem type"],
  ["NotifyAccess=all", withUnit({ NotifyAccess: "all" })],
  ["NotifyAccess=main", withUnit({ NotifyAccess: "main" }), "problem notify-access"],
  ["KillMode", withUnit({ KillMode: "control-group" }), "problem kill-mode"],
  ["FileDescriptorStorePreserve=yes", withUnit({ FileDescriptorStorePreserve: "yes" })],
  [
    "FileDescriptorStorePreserve=no",
    withUnit({ FileDescriptorStorePreserve: "no" }),
    "problem fd-store-preserve",
  ],
  ["RuntimeDirectoryPreserve=yes", withUnit({ RuntimeDirectoryPreserve: "yes" })],
  [
    "RuntimeDirectoryPreserve=no",
    withUnit({ RuntimeDirectoryPreserve: "no" }),
    "problem runtime-directory-preserve",
  ],
  ["RuntimeDirectory", withUnit({ RuntimeDirectory: "" }), "problem runtime-directory"],
  ["StateDirectory", withUnit({ StateDirectory: "" }), "problem state-directory"],
  ["OOMPolicy", withUnit({ OOMPolicy: "stop" }), "problem oom-policy"],
  ["Restart=always", withUnit({ Restart: "always" })],
  ["Restart=on-abnormal", withUnit({ Restart: "on-abnormal" }), "problem restart"],
  [
    "exit statuses by name",
    withUnit({ RestartForceExitStatus: "3 TEMPFAIL", RestartPreventExitStatus: "CONFIG" }),
  ],
  ["RestartForceExitStatus", withUnit({ RestartForceExitStatus: "175" }), "problem reexec-status"],
  ["SuccessExitStatus", withUnit({ SuccessExitStatus: "" }), "problem success-status"],
  ["RestartPreventExitStatus", withUnit({ RestartPreventExitStatus: "" }), "problem config-status"],
  ["StartLimitIntervalSec", withUnit({ StartLimitIntervalUSec: "10s" }), "problem start-limit"],
  ["no watchdog", withUnit({ WatchdogUSec: "infinity" }), "problem watchdog"],
  ["watchdog off", withUnit({ WatchdogUSec: "0" }), "problem watchdog"],
  [
    "ExecReload",
    withUnit({ ExecReload: "{ path=/bin/kill ; argv[]=/bin/kill -HUP ; }" }),
    "problem exec-reload",
  ],
  ["ExecStopPost", withUnit({ ExecStopPost: "" }), "problem exec-stop-post"],
  ["NeedDaemonReload", withUnit({ NeedDaemonReload: "yes" }), "problem daemon-reload"],
  ["NonBlocking without socket units", withUnit({ NonBlocking: "no" })],
  ["NonBlocking not set", { ...withUnit({ NonBlocking: "no" }), sockets: [socket] }, "problem non-blocking"],
  [
    "NonBlocking=no on purpose",
    { ...withUnit({ NonBlocking: "no" }, "[Service]\nNonBlocking=no\n"), sockets: [socket] },
    "note non-blocking",
  ],
  ["an fd store of just enough", withUnit({ FileDescriptorStoreMax: "21" })],
  ["an fd store too small", withUnit({ FileDescriptorStoreMax: "20" }), "problem fd-store"],
  ["no fd store", withUnit({ FileDescriptorStoreMax: "0" }), "problem fd-store"],
  ["TimeoutStartSec just enough", withUnit({ TimeoutStartUSec: "33s" })],
  ["TimeoutStartSec too short", withUnit({ TimeoutStartUSec: "32s 999ms" }), "problem timeout-start"],
  [
    "TimeoutStartSec just enough for warming up, too",
    { ...withUnit({ TimeoutStartUSec: "1min 3s" }), config: configOf(`warm = ["/"]\n${http}`) },
  ],
  [
    "TimeoutStartSec too short for warming up",
    { ...withUnit({ TimeoutStartUSec: "1min 2s" }), config: configOf(`warm = ["/"]\n${http}`) },
    "problem timeout-start",
  ],
  ["TimeoutStopSec just enough", withUnit({ TimeoutStopUSec: "1min 5s" })],
  ["TimeoutStopSec too short", withUnit({ TimeoutStopUSec: "1min" }), "problem timeout-stop"],
  ["no time limit", withUnit({ TimeoutStartUSec: "infinity", TimeoutStopUSec: "infinity" })],
  [
    "few fds left",
    { ...healthy, workers: [{ name: "1.0", openFds: 900, maxFds: 1024, diesOf: null }] },
    "problem open-files",
  ],
  [
    "a worker without a handler for SIGTERM",
    { ...healthy, workers: [{ name: "1.0", openFds: 60, maxFds: 1024, diesOf: "SIGTERM" }] },
    "problem sigterm",
  ],
  ["room for two generations", withUnit({ MemoryMax: String(400 * 1024 ** 2) })],
  ["no room for two under MemoryMax", withUnit({ MemoryMax: String(399 * 1024 ** 2) }), "problem memory-max"],
  ["no room for two on the machine", withMachine({ availableBytes: 199 * 1024 ** 2 }), "problem memory"],
  ["a listener from the socket unit", withSocket("[listeners.http]")],
  ["all listeners from socket units", withSocket("")],
  ["address as in the socket unit", withSocket(http)],
  ["another address", withSocket('[listeners.http]\naddress = "127.0.0.1:8081"'), "problem listener-address"],
  ["nobody listens", { ...healthy, config: configOf("") }, "problem no-listener"],
  [
    "no socket for a listener",
    { ...healthy, config: configOf("[listeners.http]") },
    "problem listener-without-socket",
  ],
  ["no listener for a socket", withSocket(http, { listener: "stray" }), "problem socket-without-listener"],
  ["a socket for metrics", withSocket(http, { listener: "holdfast.metrics" })],
  [
    "metrics at an address that is taken",
    { ...healthy, report: { ...report, metrics: { addresses: [], problem: "it is taken" } } },
    "problem metrics-address",
  ],
  [
    "metrics for everybody",
    { ...healthy, config: configOf(`${http}\n[metrics]\naddress = "0.0.0.0:9464"`) },
    "note metrics-open",
  ],
  ["metrics on this machine", { ...healthy, config: configOf(`${http}\n[metrics]\naddress = "[::1]:9464"`) }],
  ["Accept=yes", withSocket(http, { accept: true }), "problem accept"],
  ["a listener that nobody can reach", down("the file /run/web.sock is gone"), "problem listener-down"],
  ["a FIFO beside a stream", withSocket(http, { unused: ["/run/x (FIFO)"] }), "problem socket-kind"],
  ["a limit per address", withSocket(http, { perSource: 3 }), "note per-source"],
  ["the same with Accept=yes", withSocket(http, { accept: true, perSource: 3 }), "problem accept"],
  [
    "a socket file in the service's own runtime directory",
    withSocket("", { addresses: [{ kind: "unix", path: "/run/holdfast/web/http.sock" }] }),
    "problem socket-file",
  ],
  [
    "a socket file elsewhere",
    withSocket("", { addresses: [{ kind: "unix", path: "/run/holdfast/website.sock" }] }),
  ],
  ["a port of another service", taken("nginx.service"), "problem address-taken"],
  ["a port of some process", taken(null), "problem address-taken"],
  ["the daemon's own port", taken("holdfast@web.service"), "note address-own"],
  [
    "a config with two mistakes",
    { ...healthy, config: configOf("worker = 1\nrelese = 2") },
    "problem config",
    "problem config",
  ],
  ["clients that wait", stalled(null)],
  ["clients that nobody takes", stalled(12_000), "problem stalled"],
  ["a ready command at a port of the worker's own", asking("ready", "http://127.0.0.1:9000/health")],
  ["a ready command at another machine's port", asking("ready", "http://10.0.0.7:8080/")],
  ["a ready command at a longer port", asking("ready", "http://127.0.0.1:80801/")],
  ["a ready command at the listener", asking("ready", "http://localhost:8080/"), "problem ready-asks-all"],
  ["a ready command by nc", asking("ready", "127.0.0.1", "8080"), "problem ready-asks-all"],
  [
    "a ready command at the socket unit's listener",
    {
      ...asking("ready", "http://127.0.0.1:8080/"),
      sockets: [socket],
      config: configOf('[ready]\ncommand = ["curl", "127.0.0.1:8080"]'),
    },
    "problem ready-asks-all",
  ],
  [
    "a ready command at a listener of the usual port",
    {
      ...healthy,
      config: configOf('listeners.http.address = "[::]:80"\nready.command = ["curl", "http://localhost/"]'),
    },
    "problem ready-asks-all",
  ],
  [
    "a ready command at a unix socket",
    {
      ...healthy,
      config: configOf(
        'listeners.http.address = "unix:/run/x"\nready.command = ["curl", "--unix-socket=/run/x", "http://x/"]',
      ),
    },
    "problem ready-asks-all",
  ],
  ["a judge at the listener", asking("judge", "http://127.0.0.1:8080/"), "note judge-asks-all"],
  ["a judge that asks somebody else", asking("judge", "http://prometheus:9090/")],
  [
    "a judge at the listener, and no trial",
    {
      ...healthy,
      config: configOf(`${http}\n[judge]\ncommand = ["curl", "localhost:8080"]\n[trial]\ntime = "0s"`),
    },
  ],
  ["no release", { ...healthy, access: { ...healthy.access, missing: ["cannot"] } }, "problem missing"],
  [
    "a release out of reach",
    { ...healthy, access: { ...healthy.access, blocked: ["/srv"] } },
    "problem access",
  ],
  ["shared, the app's to write", sharing({ writable: true })],
  ["shared, and nobody to ask", sharing({ writable: null })],
  ["shared, of somebody else", sharing({ writable: false }), "problem shared"],
  ["shared, and not there", sharing({ exists: false, writable: false }), "problem shared"],
  ["shared in a sandbox", sharing({}, { ProtectSystem: "strict" }), "problem shared-sandbox"],
  [
    "shared in a sandbox beside what is open",
    sharing({}, { ProtectSystem: "strict", ReadWritePaths: "/srv/web/up /mnt" }),
    "problem shared-sandbox",
  ],
  [
    "shared in a sandbox with a door, by another name",
    sharing(
      { written: "/srv/web/current/uploads" },
      { ProtectSystem: "strict", ReadWritePaths: "-/srv/web/current/uploads" },
    ),
  ],
  [
    "shared in a sandbox with a door",
    sharing({}, { ProtectSystem: "strict", ReadWritePaths: "-/srv/web/uploads /mnt" }),
  ],
  ["ProtectHome, and the release elsewhere", withUnit({ ProtectHome: "yes" })],
  [
    "ProtectHome",
    { ...withUnit({ ProtectHome: "yes" }), config: home("/home/web/app") },
    "problem protect-home",
  ],
  ["ProtectHome=read-only", { ...withUnit({ ProtectHome: "read-only" }), config: home("/home/web/app") }],
  ["PrivateTmp", { ...withUnit({ PrivateTmp: "yes" }), config: home("/tmp/app") }, "problem private-tmp"],
  ["DynamicUser with dbus-daemon", withUnit({ DynamicUser: "yes" }), "problem dynamic-user"],
  [
    "DynamicUser with dbus-broker",
    { ...withUnit({ DynamicUser: "yes" }), machine: { ...machine, dbusDaemon: false } },
  ],
  ["systemd 251", withMachine({ systemdVersion: "251.4" }), "problem systemd"],
  ["systemd 252", withMachine({ systemdVersion: "252.38-1~deb12u1" }), "note systemd"],
  ["systemd 254", withMachine({ systemdVersion: "254" })],
  ["systemd of unknown version", withMachine({ systemdVersion: null })],
  ["Node 18", withMachine({ nodeVersion: "18.20.0" }), "problem node"],
  ["Node 23", withMachine({ nodeVersion: "23.1.0" }), "note node"],
  ["not root", withMachine({ root: false }), "note privilege"],
  ["needrestart leaves others alone", needrestart("    qr(^dbus) => 0,")],
  ["needrestart in its table", needrestart("    qr(^holdfast) => 0,"), "note needrestart"],
  [
    "needrestart in a line",
    needrestart("$nrconf{override_rc}{qr(^holdfast@.+\\.service$)} = 0;"),
    "note needrestart",
  ],
  ["needrestart commented out", needrestart("#   qr(^holdfast) => 0,")],
  ["needrestart told to restart", needrestart("    qr(^holdfast) => 1,")],
  ["reboots", apt('Unattended-Upgrade::Automatic-Reboot "true";'), "note automatic-reboot"],
  [
    "no reboots",
    apt('//Unattended-Upgrade::Automatic-Reboot "true";\nUnattended-Upgrade::Automatic-Reboot "false";'),
  ],
];

for (const [what, facts, ...found] of cases) {
  test(`${what}: ${found.join(", ") || "nothing to say"}`, () => {
    const findings = examine(facts).map(({ level, check }) => `${level} ${check}`);
    assert.deepEqual(findings, found);
  });
}

test("advice is whole, and names files where they are", () => {
  for (const [what, facts] of cases) {
    for (const { remedy } of examine(facts)) {
      if (remedy === null) continue;
      assert.doesNotMatch(`${remedy.where} ${remedy.lines.join(" ")}`, /(^|[ "])docs\//, what);
      if (remedy.lines.length === 0) assert.doesNotMatch(remedy.where, /([:;,]|\b(or|one|with))$/, what);
    }
  }
});
