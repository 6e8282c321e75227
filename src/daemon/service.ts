import { createControlServer } from "../control/server.js";
import { formatDuration } from "../lib/duration.js";
import type { Failure, Result } from "../lib/failure.js";
import { monotonicMs } from "../linux/boot.js";
import type { Watcher } from "../linux/epoll.js";
import { duplicateFd } from "../linux/fd.js";
import { HeldListeners } from "../listeners/held-listeners.js";
import type { Log } from "../log/log.js";
import type { Event, News, SlotProcess } from "../model/event.js";
import type { State } from "../model/state.js";
import { findWorker, liveWorkers, nameWorker } from "../model/turn.js";
import { viewService } from "../model/view.js";
import { NotifyInbox } from "../process/notify-inbox.js";
import { WorkerChannels } from "../process/worker-channels.js";
import { WorkerProcesses } from "../process/worker-processes.js";
import { appendLedger } from "../state/ledger.js";
import type { StateStore } from "../state/state-store.js";
import type { Effects } from "../supervisor/effects.js";
import { Supervisor } from "../supervisor/supervisor.js";
import { removeFd, storeFd } from "../systemd/fd-store.js";
import type { ManagerLink } from "../systemd/manager-link.js";
import { createControlPort } from "./control-port.js";
import { exitStatusOf } from "./exit-status.js";
import { channelFdName, controlFdName, notifyFdName, stateFdName, workerFdName } from "./fd-names.js";
import type { Inheritance } from "./inheritance.js";
import type { DaemonOptions } from "./options.js";
import { createPerformer } from "./perform.js";
import { reportStatus } from "./report.js";
import { restore } from "./restore.js";
import { listenToSignals } from "./signals.js";
import { notifySocketIn, peerOf, takeControlSocket, takeNotifySocket } from "./sockets.js";
import { readSpecification } from "./specify.js";
import { TicketSecret, ticketSecretLifeMs } from "./ticket-secret.js";
import { interpretMessage, takeWorkerMessage } from "./worker-messages.js";
import { WorkerReports } from "./worker-reports.js";

export interface ServiceOptions extends DaemonOptions {
  readonly inheritance: Inheritance;
  readonly memfd: number;
  readonly store: StateStore;
  readonly watcher: Watcher;
  readonly log: Log;
  readonly link: ManagerLink;
  /** Whether a service manager keeps fds and starts the next daemon. */
  readonly managed: boolean;
  readonly unit: string | undefined;
  readonly watchdogMs: number | undefined;
  readonly wrapEffects: (effects: Effects) => Effects;
}

/** Puts the parts together, recovers, and starts the loop. Fails only when its sockets cannot be had. */
export async function startService(options: ServiceOptions): Promise<Result<void>> {
  const { name, directories, inheritance, watcher, log, store, link, unit } = options;
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
  const remembered = store.load();
  for (const problem of remembered.problems) warn(problem);
  keep(notify.value, notifyFdName);
  keep(control.value, controlFdName);
  keep(options.memfd, stateFdName);

  const listeners = new HeldListeners({ store: keep, remove: removeFd }, warn);
  const workers = new WorkerProcesses({
    watcher,
    storePidfd: (slot, pidfd) => keep(pidfd, workerFdName(slot)),
    removePidfd: (slot) => removeFd(workerFdName(slot)),
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
    storeChannel: (slot, fd) => keep(fd, channelFdName(slot)),
    removeChannel: (slot) => removeFd(channelFdName(slot)),
    onMessage: (slot, message) => {
      for (const event of takeWorkerMessage(slot, message, supervisor.state, channels, reports, tickets)) {
        push(event);
      }
    },
    onLost: (slot, why) => {
      // The end of one that drains is not worth a word.
      if (findWorker(supervisor.state, slot)?.run.phase === "ready") {
        warn(`worker ${nameWorker(slot)} is a plain one from now on: ${why}`);
      }
      push({ type: "channel-lost", ...slot });
    },
  });
  const restored = restore(remembered, inheritance, {
    listeners,
    workers,
    channels,
    report: warn,
    forgetFd: removeFd,
    ownsCgroup: unit !== undefined,
    specification: () => {
      const read = readSpecification(options.configFile);
      return read.ok ? read.value : undefined;
    },
  });

  const effects = options.wrapEffects({
    clock: () => ({ now: monotonicMs(), wall: Date.now() }),
    persist: (state) => {
      const written = store.write(state);
      listeners.storeOpened(state.listeners);
      return written;
    },
    perform: createPerformer({
      name,
      configFile: options.configFile,
      places: {
        notifySocket: notifySocketIn(directories.runtime),
        stateDirectory: `${directories.state}/app`,
      },
      listeners,
      workers,
      channels,
      push,
      current: () => supervisor.state,
      announce,
      record: ({ entry }) => {
        const counters = entry.kind === "generation" ? reports.sum(entry.generation) : null;
        const problem = appendLedger(
          directories.state,
          Date.now(),
          counters === null ? entry : { ...entry, counters },
        );
        if (problem !== undefined) warn(problem);
      },
      exit: (status) => leaveProcess(exitStatusOf(status, supervisor.state)),
    }),
    publish: (state) => publish(state),
    wakeAt: createAlarm(),
  });
  const supervisor = new Supervisor(restored.state, effects);
  function push(...events: readonly Event[]): void {
    supervisor.push(...events);
  }
  const beatMs = options.watchdogMs ?? heartbeatMs;
  let beat: NodeJS.Timeout | undefined;
  /** The watchdog and native workers want a beat; without them an idle daemon is woken by nothing. */
  function keepBeat({ generations }: State): void {
    const native = generations.some(({ workers: all }) => all.some((worker) => worker.native));
    if (options.watchdogMs !== undefined || native) {
      beat ??= setInterval(() => {
        if (supervisor.retryPersist()) link.beat();
        void reports
          .refresh(supervisor.state, channels, beatMs)
          .then((silent) => silent.forEach(replaceStuck));
      }, beatMs);
    } else {
      clearInterval(beat);
      beat = undefined;
    }
  }
  function publish(state: State): void {
    keepBeat(state);
    if (state.lifecycle.phase !== "leaving") link.show(viewService(state));
  }
  function leaveProcess(status: number): void {
    publish(supervisor.state);
    process.exit(status);
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
  const obstacleToReexec = (): Failure | null => (options.managed ? null : notManaged);
  const port = createControlPort({
    supervisor,
    refresh: async () => {
      await reports.refresh(supervisor.state, channels, statusPatienceMs);
    },
    report: () =>
      reportStatus(supervisor.state, {
        name,
        unit,
        listeners,
        reports,
        nowMs: monotonicMs,
        notifyDropped: () => inbox.dropped,
      }),
    subscribe: (listener) => {
      subscribers.add(listener);
      return () => subscribers.delete(listener);
    },
    obstacleToReexec,
  });
  const server = createControlServer(port, { peerOf, serviceUid: process.getuid?.() ?? 0 });
  listenToSignals({
    unit,
    push,
    upgrade: () => void port.submit("upgrade"),
    reexec: () => {
      const obstacle = obstacleToReexec();
      if (obstacle === null) push({ type: "leave-requested", next: "adopt" });
      else warn(obstacle.message);
    },
    reopenLog: () => log.reopen(),
    report: warn,
  });
  const unconnected = restored.alive.filter((slot) => !channels.isNative(slot));
  push({ type: "recovered", alive: restored.alive, unconnected });
  // What workers said while there was no daemon comes before the deadlines that passed meanwhile.
  inbox.receive();
  await server.listen({ fd: duplicateFd(control.value) });
  setInterval(renewTickets, ticketSecretLifeMs);
  return { ok: true, value: undefined };

  /** The loop of a worker that has not answered for a whole beat stands still. */
  function replaceStuck({ generation, index, process: { pid } }: SlotProcess): void {
    const run = findWorker(supervisor.state, { generation, index })?.run;
    if (run?.phase !== "ready" || run.process.pid !== pid) return;
    warn(
      `worker ${generation}.${index} (pid ${pid}) has not answered for ${formatDuration(beatMs)}: it is killed and replaced`,
    );
    workers.kill(pid);
  }

  function renewTickets(): void {
    tickets.renew();
    for (const slot of supervisor.state.generations.flatMap(liveWorkers)) {
      channels.send(slot, { type: "renew-tickets", tickets: tickets.text });
    }
  }

  function keep(fd: number, fdName: string): void {
    if (options.managed) storeFd(fd, fdName);
  }
}

/** Of native workers, where systemd sets no rhythm by WatchdogSec=. */
const heartbeatMs = 15_000;
const statusPatienceMs = 250;

const notManaged: Failure = {
  reason: "not-managed",
  message: "cannot re-exec: no service manager started this daemon, so nothing would start the next one",
};

/** One timer for all deadlines; none is set while nothing is due. */
function createAlarm(): Effects["wakeAt"] {
  let timer: NodeJS.Timeout | undefined;
  return (deadline, wake) => {
    clearTimeout(timer);
    if (deadline !== undefined) timer = setTimeout(wake, Math.max(0, Math.ceil(deadline - monotonicMs())));
  };
}
