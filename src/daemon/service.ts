import { existsSync, rmSync } from "node:fs";
import type { ReexecFailure } from "../control/port.js";
import { createControlServer } from "../control/server.js";
import { restartMarkIn } from "../lib/directories.js";
import { type Failure, type Result, succeed } from "../lib/failure.js";
import { monotonicMs } from "../linux/boot.js";
import type { Watcher } from "../linux/epoll.js";
import { closeFd, duplicateFd } from "../linux/fd.js";
import { HeldListeners } from "../listeners/held-listeners.js";
import type { Log } from "../log/log.js";
import type { Action, Event, LedgerEntry, News, Slot } from "../model/event.js";
import { activeGeneration, type State } from "../model/state.js";
import { liveWorkers } from "../model/turn.js";
import { viewService } from "../model/view.js";
import { NotifyInbox } from "../process/notify-inbox.js";
import { WorkerChannels } from "../process/worker-channels.js";
import { WorkerProcesses } from "../process/worker-processes.js";
import { appendLedger, readLedger } from "../state/ledger.js";
import type { StateStore } from "../state/state-store.js";
import type { Effects } from "../supervisor/effects.js";
import { Supervisor } from "../supervisor/supervisor.js";
import type { InheritedFd } from "../systemd/listen-fds.js";
import type { ManagerLink } from "../systemd/manager-link.js";
import { createAlarm } from "./alarm.js";
import { createControlPort } from "./control-port.js";
import { channelFdName, controlFdName, notifyFdName, stateFdName, workerFdName } from "./fd-names.js";
import { Heartbeat } from "./heartbeat.js";
import { reportHistory } from "./history.js";
import type { Inheritance } from "./inheritance.js";
import type { KeptFds } from "./kept-fds.js";
import { warnIfItLives } from "./lost-channel.js";
import type { DaemonOptions } from "./options.js";
import { createPerformer } from "./perform.js";
import { reportStatus } from "./report.js";
import { endedByReboot, restore, type Source } from "./restore.js";
import { listenToSignals } from "./signals.js";
import { Snapshots } from "./snapshots.js";
import { notifySocketIn, peerOf, takeControlSocket, takeNotifySocket } from "./sockets.js";
import { readSpecification } from "./specify.js";
import { TicketSecret, ticketSecretLifeMs } from "./ticket-secret.js";
import { interpretMessage, takeWorkerMessage } from "./worker-messages.js";
import { WorkerReports } from "./worker-reports.js";

export interface ServiceOptions extends DaemonOptions {
  readonly inheritance: Inheritance;
  readonly source: Source;
  /** For workers that the predecessor has to signal. */
  readonly signalUnseen: (slot: Slot, signal: "SIGTERM" | "SIGKILL") => void;
  /** Sees every state that has been written down, before it is acted upon. */
  readonly onPersisted: (state: State) => void;
  readonly memfd: number;
  readonly fdStore: KeptFds;
  readonly store: StateStore;
  readonly watcher: Watcher;
  readonly log: Log;
  readonly link: ManagerLink;
  /** Why no other process can take this one's place, if so. */
  readonly obstacleToReexec: Failure | null;
  /** Why this process is still the daemon although it was to be replaced. */
  readonly reexecFailed: ReexecFailure | null;
  /** The model has ended: with `release` everything is let go of but the named fds, which it returns for the next daemon. */
  readonly onExit: (status: ExitWord, state: State, release: () => readonly InheritedFd[]) => void;
  readonly unit: string | undefined;
  readonly watchdogMs: number | undefined;
  readonly wrapEffects: (effects: Effects) => Effects;
}

export type ExitWord = Extract<Action, { type: "exit" }>["status"];

export interface Service {
  /** Leaves everything to another daemon, by way of `onExit`; or says why not, and nothing has changed. */
  makeWay(): Failure | null;
}

/**
 * Puts the parts together, recovers, and starts the loop. Fails, having changed nothing, when its sockets cannot be had or the
 * predecessor's state cannot be read.
 */
export async function startService(options: ServiceOptions): Promise<Result<Service>> {
  const { name, directories, inheritance, fdStore, watcher, log, store, link, unit } = options;
  const warn = (message: string): void => log.write({ level: "warning", event: "warning", message });
  const subscribers = new Set<(news: News) => void>();
  const announce = (news: News): void => {
    log.write({ ...news });
    for (const tell of subscribers) tell(news);
  };

  // First, because it tells whether another daemon runs: then nothing of it may be touched.
  const control = takeControlSocket(inheritance.control, directories.runtime);
  if (!control.ok) return control;
  const notify = takeNotifySocket(inheritance.notify, directories.runtime);
  if (!notify.ok) return notify;
  const controlFd = control.value;
  const found =
    options.source === "manager" ? succeed(store.load()) : store.take(inheritance.state ?? options.memfd);
  if (!found.ok) return found;
  const remembered = found.value;
  for (const problem of remembered.problems) warn(problem);
  fdStore.store(notify.value, notifyFdName);
  fdStore.store(controlFd, controlFdName);
  fdStore.store(options.memfd, stateFdName);

  const listeners = new HeldListeners(fdStore, warn);
  const workers = new WorkerProcesses({
    watcher,
    storePidfd: (slot, pidfd) => fdStore.store(pidfd, workerFdName(slot)),
    removePidfd: (slot) => fdStore.remove(workerFdName(slot)),
    signalUnseen: options.signalUnseen,
    onExit: (slot, pid, exit) => {
      channels.hearOut(slot);
      inbox.receive();
      push({ type: "worker-exited", ...slot, pid, exit });
    },
  });
  const reports = new WorkerReports();
  const tickets = new TicketSecret(directories.state, warn);
  const channels = new WorkerChannels({
    watcher,
    storeChannel: (slot, fd) => fdStore.store(fd, channelFdName(slot)),
    removeChannel: (slot) => fdStore.remove(channelFdName(slot)),
    onMessage: (slot, message) => {
      for (const event of takeWorkerMessage(slot, message, supervisor.state, channels, reports, tickets)) {
        push(event);
      }
    },
    onLost: (slot, why) => {
      const tell = (message: string): void => {
        if (!supervisor.exited) warn(message);
      };
      warnIfItLives(slot, why, () => supervisor.state, tell);
      push({ type: "channel-lost", ...slot });
    },
  });
  const restartMark = restartMarkIn(directories.runtime);
  const restored = restore(remembered, inheritance, {
    source: options.source,
    restartWanted: options.source === "manager" && existsSync(restartMark),
    listeners,
    workers,
    channels,
    report: warn,
    forgetFd: (fdName) => fdStore.remove(fdName),
    ownsCgroup: unit !== undefined,
    specification: () => {
      const read = readSpecification(options.configFile);
      return read.ok ? read.value : undefined;
    },
  });

  const snapshots = new Snapshots({ stateDirectory: directories.state, push: (event) => push(event) });
  const record = (entry: LedgerEntry): void => {
    const problem = appendLedger(directories.state, Date.now(), entry);
    if (problem !== undefined) warn(problem);
  };
  const effects = options.wrapEffects({
    clock: () => ({ now: monotonicMs(), wall: Date.now() }),
    persist: (state) => {
      const written = store.write(state);
      listeners.storeOpened(state.listeners);
      options.onPersisted(state);
      return written;
    },
    perform: createPerformer({
      name,
      configFile: options.configFile,
      places: {
        notifySocket: notifySocketIn(directories.runtime),
        stateDirectory: `${directories.state}/app`,
        directoryOf: (generation) => snapshots.workingDirectoryOf(generation),
      },
      listeners,
      workers,
      channels,
      snapshots,
      push,
      current: () => supervisor.state,
      announce,
      record: ({ entry }) => record(entry),
      exit: (status) => {
        publish(supervisor.state);
        options.onExit(status, supervisor.state, release);
      },
    }),
    publish: (state) => publish(state),
    wakeAt: createAlarm(hear),
  });
  const supervisor = new Supervisor(restored.state, effects);
  function push(...events: readonly Event[]): void {
    supervisor.push(...events);
  }
  const heartbeat = new Heartbeat({
    watchdogMs: options.watchdogMs,
    current: () => supervisor.state,
    reports,
    channels,
    workers,
    onBeat: () => {
      if (supervisor.retryPersist()) link.beat();
    },
    push,
    warn,
  });
  function publish(state: State): void {
    heartbeat.follow(state);
    if (state.lifecycle.phase !== "leaving") link.show(viewService(state));
  }

  const inbox = new NotifyInbox({
    fd: notify.value,
    watcher,
    ownerOf: (pid) => workers.ownerOf(pid),
    onMessage: (slot, pid, message) => {
      push(...interpretMessage(slot, pid, message, supervisor.state));
    },
    onDropped: (count, why) => warn(`${count} notify message(s) dropped so far; the last: ${why}`),
  });
  const port = createControlPort({
    supervisor,
    refresh: async () => {
      const snapshot = activeGeneration(supervisor.state)?.snapshot ?? null;
      // A big one tells with the next status.
      const patience = new Promise((resolve) => setTimeout(resolve, statusPatienceMs));
      const inspected = snapshot === null ? null : Promise.race([snapshots.inspectNow(snapshot), patience]);
      await Promise.all([heartbeat.askWorkers(statusPatienceMs), inspected]);
    },
    report: () =>
      reportStatus(supervisor.state, {
        name,
        unit,
        listeners,
        reports,
        snapshots,
        nowMs: monotonicMs,
        notifyDropped: () => inbox.dropped,
        reexecFailed: options.reexecFailed,
      }),
    history: () => reportHistory(supervisor.state, readLedger(directories.state)),
    obstacleToReexec: options.obstacleToReexec,
    subscribe: (listener) => {
      subscribers.add(listener);
      return () => subscribers.delete(listener);
    },
  });
  const server = createControlServer(port, { peerOf, serviceUid: process.getuid?.() ?? 0 });
  const stopListening = listenToSignals({
    unit,
    push,
    upgrade: () => void port.submit("upgrade"),
    reexec: () => {
      const submission = port.submit("reexec");
      if (!submission.accepted) warn(submission.failure.message);
    },
    reopenLog: () => log.reopen(),
    report: warn,
  });
  for (const generation of restored.ended) record(endedByReboot(generation, restored.state));
  const unconnected = restored.alive.filter((slot) => !channels.isNative(slot));
  push({ type: "recovered", alive: restored.alive, unconnected, snapshots: snapshots.list() });
  rmSync(restartMark, { force: true });
  hear();
  await server.listen({ fd: duplicateFd(controlFd) });
  const renewal = setInterval(renewTickets, ticketSecretLifeMs);
  return succeed({ makeWay });

  /** What workers said while there was no daemon, or it stood still, comes before the deadlines that passed meanwhile. */
  function hear(): void {
    inbox.receive();
    channels.hearAll();
  }

  function makeWay(): Failure | null {
    if (supervisor.state.upgrade !== null) {
      return { reason: "upgrading", message: "an upgrade is under way; try again when it has ended" };
    }
    push({ type: "leave-requested", next: "adopt" });
    return supervisor.exited ? null : { reason: "stopping", message: "the service is being stopped" };
  }

  function release(): readonly InheritedFd[] {
    stopListening();
    heartbeat.stop();
    clearInterval(renewal);
    effects.wakeAt(undefined, () => {});
    void server.close();
    inbox.release();
    channels.release();
    workers.release();
    listeners.release();
    closeFd(controlFd);
    closeFd(options.memfd);
    return fdStore.release();
  }

  function renewTickets(): void {
    tickets.renew();
    for (const slot of supervisor.state.generations.flatMap(liveWorkers)) {
      channels.send(slot, { type: "renew-tickets", tickets: tickets.text });
    }
  }
}

const statusPatienceMs = 250;
