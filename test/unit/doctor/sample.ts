import { parseConfig } from "../../../src/config/parse.js";
import type { Facts, MachineFacts, SocketUnitFacts } from "../../../src/doctor/facts.js";

/** As systemd 257 shows the shipped unit. */
const shipped = {
  MainPID: "4711",
  Type: "notify",
  NotifyAccess: "exec",
  KillMode: "process",
  NonBlocking: "yes",
  FileDescriptorStoreMax: "4096",
  FileDescriptorStorePreserve: "restart",
  RuntimeDirectory: "holdfast/web",
  RuntimeDirectoryPreserve: "restart",
  StateDirectory: "holdfast/web",
  OOMPolicy: "continue",
  Restart: "on-failure",
  RestartForceExitStatus: "75",
  SuccessExitStatus: "75",
  RestartPreventExitStatus: "78",
  StartLimitIntervalUSec: "0",
  WatchdogUSec: "30s",
  TimeoutStartUSec: "10min",
  TimeoutStopUSec: "10min",
  ExecReload: "{ path=/usr/bin/holdfast ; argv[]=/usr/bin/holdfast -n web upgrade ; }",
  ExecStopPost: "{ path=/usr/bin/holdfast ; argv[]=/usr/bin/holdfast -n web reap ; }",
  MemoryMax: "infinity",
  NeedDaemonReload: "no",
  DynamicUser: "no",
  User: "",
};

export const machine: MachineFacts = {
  root: true,
  nodeVersion: "22.23.3",
  systemdVersion: "257.8-1~deb13u1",
  availableBytes: 4 * 1024 ** 3,
  dbusDaemon: true,
  needrestart: [],
  aptSettings: [],
};

export const socket: SocketUnitFacts = {
  unit: "holdfast@web.socket",
  listener: "http",
  addresses: [{ kind: "tcp", family: 4, host: "127.0.0.1", port: 8080 }],
  unused: [],
  accept: false,
  perSource: 0,
  active: true,
};

/** Nothing is to be found in these. */
export const healthy: Facts = {
  name: "web",
  unit: { name: "holdfast@web.service", properties: new Map(Object.entries(shipped)), sources: [] },
  sockets: [],
  configFile: "/etc/holdfast/web.toml",
  config: configOf('[listeners.http]\naddress = "127.0.0.1:8080"'),
  report: null,
  workers: [{ name: "1.0", openFds: 60, maxFds: 1024, diesOf: null }],
  generationBytes: 200 * 1024 ** 2,
  taken: [],
  access: { missing: [], user: "nobody", blocked: [], shared: [] },
  source: null,
  machine,
};

export function configOf(text: string): Facts["config"] {
  const toml = `command = ["app"]\nrelease = "/srv/web"\nworkers = 2\n${text}`;
  return parseConfig(toml, "/etc/holdfast/web.toml", { cwd: "/", cores: 1 });
}

/** The facts with some of the unit's properties changed, and the drop-in that says so. */
export function withUnit(properties: Record<string, string>, dropIn?: string): Facts {
  const { unit } = healthy;
  const sources = [
    { path: "/usr/lib/systemd/system/holdfast@.service", text: "[Service]\nKillMode=process\n" },
    ...(dropIn === undefined
      ? []
      : [{ path: "/etc/systemd/system/holdfast@web.service.d/x.conf", text: dropIn }]),
  ];
  return {
    ...healthy,
    unit: { ...unit, properties: new Map([...unit.properties, ...Object.entries(properties)]), sources },
  };
}
