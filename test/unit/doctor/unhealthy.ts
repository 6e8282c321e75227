import type { Facts, SharedPath } from "../../../src/doctor/facts.js";
import { report } from "../control/fake-port.js";
import { configOf, healthy, machine, socket, withUnit } from "./sample.js";

export const withMachine = (changes: Partial<Facts["machine"]>): Facts => ({
  ...healthy,
  machine: { ...machine, ...changes },
});
export const withSocket = (config: string, changes: Partial<typeof socket> = {}): Facts => ({
  ...healthy,
  sockets: [{ ...socket, ...changes }],
  config: configOf(config),
});
export const needrestart = (text: string): Facts =>
  withMachine({ needrestart: [{ path: "/etc/needrestart/needrestart.conf", text: `# default\n${text}\n` }] });
export const apt = (text: string): Facts =>
  withMachine({ aptSettings: [{ path: "/etc/apt/apt.conf.d/50unattended-upgrades", text }] });
export const taken = (unit: string | null): Facts => ({
  ...healthy,
  taken: [{ address: "127.0.0.1:8080", socketUnit: "holdfast@web.socket", process: "nginx", pid: 7, unit }],
});
export const http = '[listeners.http]\naddress = "127.0.0.1:8080"';

export const asking = (table: "ready" | "judge", ...words: readonly string[]): Facts => ({
  ...healthy,
  config: configOf(`${http}\n[${table}]\ncommand = ${JSON.stringify(["curl", ...words])}`),
});
export const down = (text: string | null): Facts => ({
  ...healthy,
  report: { ...report, listeners: report.listeners.map((listener) => ({ ...listener, down: text })) },
});
export const stalled = (stalledMs: number | null): Facts => ({
  ...healthy,
  report: { ...report, listeners: report.listeners.map((listener) => ({ ...listener, stalledMs })) },
});

export function sharing(path: Partial<SharedPath>, unit: Record<string, string> = {}): Facts {
  const shared = [
    { written: "/srv/web/uploads", path: "/srv/web/uploads", exists: true, writable: true, ...path },
  ];
  return { ...withUnit(unit), access: { ...healthy.access, user: "holdfast-web", shared } };
}

export function home(release: string): Facts["config"] {
  const config = configOf(http);
  return config.ok
    ? { ok: true, value: { ...config.value, plan: { ...config.value.plan, release } } }
    : config;
}
