import { formatDuration } from "../../lib/duration.js";
import { type Check, type Finding, inUnit, problem } from "../finding.js";
import { readTimeSpan } from "../time-span.js";

/** The daemon's own: control socket, state. */
const ownFds = 2;
/** Active, candidate, and one that drains. */
const generations = 3;
const usualFdStore = 4096;
const usualMaxFds = 524_288;
const fewFdsLeft = 0.7;
const MiB = 1024 * 1024;

/** Of a worker: pidfd, channel, notify socket. */
const fdsPerWorker = 3;
/** A listener is kept once. */
export const checkFdStore: Check = ({ unit, config, sockets }) => {
  const max = Number(unit.properties.get("FileDescriptorStoreMax") ?? Number.NaN);
  if (!config.ok || Number.isNaN(max)) return [];
  const { listeners, plan } = config.value;
  const needed =
    ownFds + Math.max(listeners?.length ?? 0, sockets.length) + fdsPerWorker * generations * plan.workers;
  if (max >= needed) return [];
  const why = max === 0 ? "systemd keeps nothing over a restart" : "systemd closes what does not fit in";
  const message = `FileDescriptorStoreMax=${max}: ${why}; ${plan.workers} workers in up to ${generations} generations need ${needed}`;
  return [
    problem("fd-store", message, inUnit(unit, `FileDescriptorStoreMax=${Math.max(usualFdStore, needed)}`)),
  ];
};

/** systemd's bounds against the config's; the daemon asks for more time, but not every systemd grants it to every command. */
export const checkTimeouts: Check = ({ unit, config }) => {
  if (!config.ok) return [];
  const { ready, warm, verify, drain, trial, strategy } = config.value.plan;
  const trialMs = strategy === "overlap" ? trial.timeMs : 0;
  const stopMs = drain.timeoutMs + drain.killMs;
  // Where the new version starts when the old one has ended.
  const endMs = strategy === "overlap" ? 0 : stopMs;
  const warmingMs = warm.length === 0 ? 0 : ready.timeoutMs;
  const startMs = ready.timeoutMs + warmingMs + (verify?.timeoutMs ?? 0) + trialMs + endMs;
  const startParts = [
    warm.length === 0 ? "ready.timeout" : "ready.timeout (twice, to warm up, too)",
    verify === null ? "" : "verify.timeout",
    trialMs === 0 ? "" : "trial.time",
    ...(endMs === 0 ? [] : ["drain.timeout", "drain.kill"]),
  ];
  const compare = (check: string, key: string, neededMs: number, parts: string, why: string): Finding[] => {
    const value = unit.properties.get(key.replace(/Sec$/, "USec"));
    const boundMs = value === undefined ? undefined : readTimeSpan(value);
    if (boundMs === undefined || boundMs >= neededMs) return [];
    const message = `${key}=${value} is shorter than ${parts} (${formatDuration(neededMs)}): ${why}`;
    return [problem(check, message, inUnit(unit, `${key}=${Math.ceil((neededMs + 30_000) / 60_000)}min`))];
  };
  return [
    ...compare(
      "timeout-start",
      "TimeoutStartSec",
      startMs,
      startParts.filter(Boolean).join(" and "),
      "systemd may end a reload before the new version had its time",
    ),
    ...compare(
      "timeout-stop",
      "TimeoutStopSec",
      stopMs,
      "drain.timeout and drain.kill",
      "systemd may kill the daemon while workers still finish their requests",
    ),
  ];
};

/** In an upgrade the new worker takes over as many connections as the old one has. */
export const checkOpenFiles: Check = ({ unit, workers }) => {
  const full = workers.filter(({ openFds, maxFds }) => openFds > fewFdsLeft * maxFds);
  const [worst] = full.sort((a, b) => b.openFds / b.maxFds - a.openFds / a.maxFds);
  if (worst === undefined) return [];
  const message = `worker ${worst.name} has ${worst.openFds} files and connections open, and may have ${worst.maxFds}: soon no client is accepted`;
  return [
    problem("open-files", message, inUnit(unit, `LimitNOFILE=${Math.max(usualMaxFds, 4 * worst.maxFds)}`)),
  ];
};

/** What the worker is answering at a reload is then cut. Node handles the signal in any case, so of its apps this cannot be seen. */
export const checkSigterm: Check = ({ workers, configFile }) => {
  const mortal = workers.find(({ diesOf }) => diesOf !== null);
  if (mortal === undefined) return [];
  const message = `worker ${mortal.name} has no handler for ${mortal.diesOf}: a reload cuts what it is answering; it has to stop accepting, finish, and exit. If command is a shell, let it start the program by \`exec\``;
  return [problem("sigterm", message, { where: configFile, lines: [] })];
};

/** While an upgrade lasts two generations are in memory. */
export const checkMemory: Check = ({ unit, generationBytes, machine, config }) => {
  if (generationBytes === null) return [];
  const needed = `an upgrade starts a second generation, and the present one has ${megabytes(generationBytes)}`;
  const findings: Finding[] = [];
  const max = Number(unit.properties.get("MemoryMax"));
  if (max < 2 * generationBytes) {
    const write = `MemoryMax=${Math.ceil((2.5 * generationBytes) / MiB)}M`;
    const message = `MemoryMax= leaves no room for two: ${needed} of ${megabytes(max)}`;
    findings.push(problem("memory-max", message, inUnit(unit, write)));
  }
  if (machine.availableBytes !== null && machine.availableBytes < generationBytes) {
    const message = `the machine has ${megabytes(machine.availableBytes)} left: ${needed}`;
    const remedy = config.ok
      ? { where: config.value.file, lines: ["workers = … # fewer, or give the machine more memory"] }
      : null;
    findings.push(problem("memory", message, remedy));
  }
  return findings;
};

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / MiB)} MiB`;
}
