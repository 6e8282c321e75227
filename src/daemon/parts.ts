import { appDirectoryIn } from "../lib/directories.js";
import { monotonicMs } from "../linux/boot.js";
import { HeldListeners } from "../listeners/held-listeners.js";
import { findWorker, nameWorker } from "../model/turn.js";
import { endLeftBehind, findLeftBehind } from "../process/left-behind.js";
import { NotifySockets } from "../process/notify-sockets.js";
import { WorkerChannels } from "../process/worker-channels.js";
import { WorkerProcesses, type WorkerProcessesOptions } from "../process/worker-processes.js";
import type { Supervisor } from "../supervisor/supervisor.js";
import { Backlogs } from "./judges/backlogs.js";
import { JudgeWatch } from "./judges/judge-watch.js";
import { connectWorker } from "./native-workers/connect-worker.js";
import { Heartbeat } from "./native-workers/heartbeat.js";
import { interpretMessage, takeWorkerMessage } from "./native-workers/interpret.js";
import { warnIfItLives } from "./native-workers/lost-channel.js";
import { ShareSteering } from "./native-workers/share.js";
import { TicketSecret } from "./native-workers/ticket-secret.js";
import { WorkerReports } from "./native-workers/worker-reports.js";
import { Snapshots } from "./perform/snapshots.js";
import { takeListener } from "./recover/adopt.js";
import { channelFdName, notifyFdName, workerFdName } from "./recover/fd-names.js";
import type { KeptFds } from "./recover/kept-fds.js";
import { notifyDirectoryIn } from "./recover/own-sockets.js";
import { type Setup, warn } from "./setup.js";
import { KernelWatch } from "./witness/kernel-watch.js";

export interface PartsOptions {
  readonly supervisor: Supervisor;
  readonly keptFds: KeptFds;
  readonly signalUnseen: WorkerProcessesOptions["signalUnseen"];
  /** Called with each beat of the watchdog or of the native workers. */
  readonly onBeat: () => void;
}

/** What stands between the loop and the world: each part tells the loop what happens, and does what it is told. */
export interface Parts {
  readonly listeners: HeldListeners;
  readonly workers: WorkerProcesses;
  readonly channels: WorkerChannels;
  readonly notifySockets: NotifySockets;
  readonly reports: WorkerReports;
  readonly tickets: TicketSecret;
  readonly snapshots: Snapshots;
  readonly heartbeat: Heartbeat;
  readonly judges: JudgeWatch;
  readonly backlogs: Backlogs;
  readonly kernelWatch: KernelWatch;
  readonly share: ShareSteering;
}

export function buildParts(setup: Setup, options: PartsOptions): Parts {
  const { watcher, directories } = setup;
  const { supervisor, keptFds } = options;
  const tell = (message: string): void => warn(setup, message);
  const push: Supervisor["push"] = (...events) => supervisor.push(...events);
  const current = () => supervisor.state;

  const listeners = new HeldListeners({
    unit: setup.unit ?? `holdfast@${setup.name}.service`,
    keeper: keptFds,
    watcher,
    warn: tell,
    takeFromWorkers: (address) =>
      takeListener(workers.pidfds, (facts) => facts.address === address && facts.listening),
    onDown: (id) => push({ type: "listener-down", id }),
  });
  const reports = new WorkerReports();
  const tickets = new TicketSecret(directories.state, tell);
  const channels: WorkerChannels = new WorkerChannels({
    watcher,
    storeChannel: (slot, fd) => keptFds.store(fd, channelFdName(slot)),
    removeChannel: (slot) => keptFds.remove(channelFdName(slot)),
    ownerOf: (pid) => workers.ownerOf(pid),
    onMessage: (slot, message) => {
      push(...takeWorkerMessage(slot, message, supervisor.state, channels, reports, tickets));
    },
    onLost: (slot, why) => {
      warnIfItLives(slot, why, current, (message) => {
        if (!supervisor.exited) tell(message);
      });
      push({ type: "channel-lost", ...slot });
    },
  });
  const appDirectory = appDirectoryIn(directories.state);
  const workers: WorkerProcesses = new WorkerProcesses({
    watcher,
    storePidfd: (slot, pidfd) => keptFds.store(pidfd, workerFdName(slot)),
    removePidfd: (slot) => keptFds.remove(workerFdName(slot)),
    signalUnseen: options.signalUnseen,
    onExit: (slot, pid, { exit, group, left, killed }) => {
      channels.hearOut(slot);
      notifySockets.hearOut(slot);
      const early = exit.code === 0 && findWorker(supervisor.state, slot)?.run.phase === "starting";
      const behind = early ? findLeftBehind(appDirectory, slot) : [];
      // Its group is told by itself, and may have time to finish.
      const outside = killed ? findLeftBehind(appDirectory, slot, group) : [];
      endLeftBehind([...behind, ...outside]).catch((error: unknown) =>
        setup.faults.report(`end what worker ${nameWorker(slot)} left`, error),
      );
      push({
        type: "worker-exited",
        ...slot,
        pid,
        exit: early ? { ...exit, left: behind } : exit,
        ...(left === undefined ? {} : { left }),
      });
    },
  });
  const notifySockets: NotifySockets = new NotifySockets({
    directory: notifyDirectoryIn(directories.runtime),
    watcher,
    storeSocket: (slot, fd) => keptFds.store(fd, notifyFdName(slot)),
    removeSocket: (slot) => keptFds.remove(notifyFdName(slot)),
    ownerOf: (pid) => workers.ownerOf(pid),
    onConnect: (slot, channel) => connectWorker(slot, channel, supervisor.state, { channels, listeners }),
    onMessage: (slot, message) => push(...interpretMessage(slot, message, supervisor.state)),
    onDropped: (count, why) => tell(`${count} notify message(s) dropped so far; the last: ${why}`),
  });
  const snapshots = new Snapshots({ stateDirectory: directories.state });
  const { watchdogMs } = setup;
  const onBeat = (): void => {
    backlogs.look(supervisor.state);
    options.onBeat();
  };
  const share = new ShareSteering(channels, monotonicMs);
  const heartbeat = new Heartbeat({
    watchdogMs,
    current,
    reports,
    channels,
    workers,
    share,
    onBeat,
    push,
    warn: tell,
  });
  const backlogs = new Backlogs(listeners, monotonicMs);
  const kernelWatch = new KernelWatch({ backlogs, current, nowMs: monotonicMs, push });
  const judges = new JudgeWatch({
    name: setup.name,
    current,
    listeners,
    channels,
    snapshots,
    nowMs: monotonicMs,
    push,
    warn: tell,
  });
  return {
    listeners,
    workers,
    channels,
    notifySockets,
    reports,
    tickets,
    snapshots,
    heartbeat,
    judges,
    kernelWatch,
    backlogs,
    share,
  };
}

/** What workers said while there was no daemon, or it stood still, comes before the deadlines that passed meanwhile. */
export function hearWorkers({ notifySockets, channels }: Parts): void {
  notifySockets.hearAll();
  channels.hearAll();
}
