import { existsSync, rmSync } from "node:fs";
import type { ControlCommand, ControlPort, ReexecFailure } from "../control/port.js";
import { createControlServer, type Peer, type Right } from "../control/server.js";
import { controlSocketIn, restartMarkIn } from "../lib/directories.js";
import type { WorkerSignal } from "../lib/drain-signals.js";
import { type Failure, type FailureOf, type Result, succeed } from "../lib/failure.js";
import { openPromise } from "../lib/open-promise.js";
import { bootId } from "../linux/boot.js";
import { closeFd, duplicateFd } from "../linux/fd.js";
import type { Action, Slot } from "../model/event.js";
import type { State } from "../model/state.js";
import { liveWorkers } from "../model/turn.js";
import { LedgerFile } from "../state/ledger-file.js";
import { StateStore } from "../state/state-store.js";
import type { Successor, TakeoverSocket } from "../succession/takeover-socket.js";
import { Supervisor } from "../supervisor/supervisor.js";
import type { InheritedFd } from "../systemd/listen-fds.js";
import { createEffects, record } from "./create-effects.js";
import { catchFaults } from "./faults.js";
import { type Followed, followConfig } from "./follow-config.js";
import { MetricsPort } from "./metrics/metrics-port.js";
import { buildParts, hearWorkers, type Parts } from "./parts.js";
import { readSpecification } from "./perform/specify.js";
import { adoptNotifySockets } from "./recover/adopt-notify-sockets.js";
import { controlFdName, stateFdName } from "./recover/fd-names.js";
import type { Inheritance } from "./recover/inheritance.js";
import type { KeptFds } from "./recover/kept-fds.js";
import { hasLeft, peerOf, takeControlSocket } from "./recover/own-sockets.js";
import { restore, type Source } from "./recover/restore.js";
import { isWanted } from "./recover/wanted.js";
import { type Setup, warn } from "./setup.js";
import { ControlAccess } from "./show/control-access.js";
import type { ManagerLink } from "./show/manager-link.js";
import { NewsFeed } from "./show/news-feed.js";
import { showService } from "./show/show-service.js";
import { HeldSignals, listenToSignals } from "./signals.js";
import { Thrift } from "./thrift.js";

/** What this daemon begins with, sorted. */
export interface Inherited {
  readonly inheritance: Inheritance;
  readonly source: Source;
  readonly memfd: number;
  readonly keptFds: KeptFds;
  readonly link: ManagerLink;
  /** Undefined where it cannot be had: then nobody can take over. */
  readonly takeover: TakeoverSocket | undefined;
  readonly reexecFailed: ReexecFailure | null;
  readonly heldSignals: HeldSignals | undefined;
  /** For workers that the predecessor has to signal. */
  readonly signalUnseen: (slot: Slot, signal: WorkerSignal) => void;
  /** Sees every state that has been written down, before it is acted upon. */
  readonly onPersisted: (state: State) => void;
  /** It has recovered, and can be reached. */
  readonly onServing: () => void;
}

/** The model has ended, and everything is let go of but the named fds: what the next daemon, if there is one, begins with. */
export interface TenureEnd {
  /** `faulted`: this daemon is to begin anew. */
  readonly status: Extract<Action, { type: "exit" }>["status"] | "faulted";
  readonly state: State;
  readonly fds: readonly InheritedFd[];
  /** Whoever scraped has been answered. */
  readonly answered: Promise<void>;
  readonly heldSignals: HeldSignals;
  readonly link: ManagerLink;
  /** Who asked for this daemon's place, and gets it. */
  readonly successor: Successor | undefined;
}

/**
 * Puts the parts together, recovers, and serves until the model has ended. Fails, having changed nothing, when its sockets cannot be
 * had or the predecessor's state cannot be read.
 */
export async function runService(setup: Setup, inherited: Inherited): Promise<Result<TenureEnd, Failure>> {
  const { name, directories } = setup;
  const { inheritance, source, memfd, keptFds, link, takeover } = inherited;

  // First, because it tells whether another daemon runs: then nothing of it may be touched.
  const control = takeControlSocket(inheritance.control, directories.runtime);
  if (!control.ok) return control;
  const ledger = new LedgerFile(directories.state);
  const store = new StateStore({ name, directory: directories.state, bootId: bootId() ?? "unknown", memfd });
  const remembered = source === "manager" ? succeed(store.load()) : store.take(inheritance.state ?? memfd);
  if (!remembered.ok) return remembered;
  const controlFd = control.value;
  for (const problem of remembered.value.problems) warn(setup, problem);
  keptFds.store(controlFd, controlFdName);
  keptFds.store(memfd, stateFdName);

  const supervisor = new Supervisor();
  const thrift = new Thrift();
  const parts = buildParts(setup, {
    supervisor,
    keptFds,
    signalUnseen: inherited.signalUnseen,
    onBeat: () => {
      if (supervisor.retryPersist()) link.beat();
      thrift.onBeat(supervisor.state);
    },
  });
  const restartMark = restartMarkIn(directories.runtime);
  const restored = restore(remembered.value, inheritance, {
    ...parts,
    source,
    restartWanted: source === "manager" && existsSync(restartMark),
    report: (problem) => warn(setup, problem),
    forgetFd: (fdName) => keptFds.remove(fdName),
    ownsCgroup: setup.unit !== undefined,
    specification: () => {
      const read = readSpecification(setup.configFile);
      return read.ok ? read.value : undefined;
    },
  });

  adoptNotifySockets(inheritance, restored.alive, {
    notifySockets: parts.notifySockets,
    keptFds,
    runtimeDirectory: directories.runtime,
    warn: (message) => warn(setup, message),
  });

  const news = new NewsFeed(setup.log);
  const port: ControlPort = showService(setup, parts, supervisor, news, inherited.reexecFailed, () =>
    metricsPort.report(),
  );
  const metricsPort = new MetricsPort({ port, keeper: keptFds, warn: (message) => warn(setup, message) });
  metricsPort.adopt(inheritance.metrics);
  const access = new ControlAccess({
    socketPath: controlSocketIn(directories.runtime),
    serviceUid: process.getuid?.() ?? 0,
    warn: (message) => warn(setup, message),
  });
  const onConfig = ({ control, history, metrics }: Followed): void => {
    access.follow(control);
    if (history !== undefined) ledger.follow(history);
    if (metrics !== undefined) metricsPort.follow(metrics);
  };
  const rightOf = (peer: Peer): Right | undefined => access.rightOf(peer);
  const server = createControlServer(port, { name, peerOf, rightOf, hasLeft });
  const stopListening = obeySignals(setup, supervisor, port);
  inherited.heldSignals?.sendTo(process.pid);
  const { promise: ended, resolve: end } = openPromise<TenureEnd>();
  let successor: Successor | undefined;
  let stopCatching = (): void => {};
  const effects = createEffects(setup, parts, {
    supervisor,
    store,
    link,
    news,
    remembered: restored.state,
    onPersisted: inherited.onPersisted,
    ledger,
    onConfig,
    onExit: finish,
    onFault: () => setImmediate(beginAnew),
  });
  for (const entry of restored.ended) record(setup, ledger, entry);
  const unconnected = restored.alive.filter((slot) => !parts.channels.isNative(slot));
  const { alive } = restored;
  const snapshots = parts.snapshots.list();
  const wanted = isWanted(restored.state, parts.listeners);
  supervisor.begin(restored.state, effects, { type: "recovered", alive, unconnected, snapshots, wanted });
  rmSync(restartMark, { force: true });
  if (!supervisor.exited) hearWorkers(parts);
  if (!supervisor.exited) {
    takeover?.listen(makeWay);
    await server.listen({ fd: duplicateFd(controlFd) });
  }
  if (!supervisor.exited) {
    inherited.onServing();
    followConfig(setup, onConfig);
    stopCatching = catchFaults((what, error) => supervisor.fault(what, error));
    parts.tickets.follow(() => tellTickets(parts, supervisor.state));
  }
  const tenureEnd = await ended;
  // Nothing may be done to a snapshot by two daemons, one of which this may be again.
  if (tenureEnd.status !== "stopped" && tenureEnd.status !== "failed") await parts.snapshots.release();
  return succeed(tenureEnd);

  function makeWay(asking: Successor): void {
    if (supervisor.state.upgrade === null) {
      successor = asking;
      supervisor.push({ type: "leave-requested", next: "adopt" });
      if (supervisor.exited) return;
      successor = undefined;
    }
    asking.refuse(supervisor.state.upgrade === null ? stopping : upgrading);
  }

  /** What cannot let go of everything ends with its process; the next daemon recovers. */
  function finish(status: TenureEnd["status"]): void {
    const heldSignals = new HeldSignals();
    heldSignals.hold(stopListening());
    try {
      const answered = metricsPort
        .release()
        .catch((error: unknown) => setup.faults.report("answer the last scrapers", error));
      end({ status, state: supervisor.state, fds: release(), answered, heldSignals, link, successor });
    } catch (error) {
      setup.faults.report("let go of its sockets", error);
      process.exit(1);
    }
  }

  function beginAnew(): void {
    if (supervisor.exited) return;
    supervisor.end();
    finish("faulted");
  }

  /** In the turn of the loop that decided it: after that nobody hears, takes, or is told anything. */
  function release(): readonly InheritedFd[] {
    takeover?.close();
    stopCatching();
    parts.heartbeat.stop();
    parts.judges.stop();
    parts.kernelWatch.stop();
    parts.tickets.stop();
    effects.wakeAt(undefined, () => {});
    server.close().catch((error: unknown) => setup.faults.report("close the control socket", error));
    for (const part of [parts.notifySockets, parts.channels, parts.workers, parts.listeners]) part.release();
    closeFd(controlFd);
    closeFd(memfd);
    return keptFds.release();
  }
}

const upgrading: FailureOf<"daemon"> = {
  reason: "upgrading",
  message: "an upgrade is under way; try again when it has ended",
};

const stopping: FailureOf<"daemon"> = { reason: "stopping", message: "the service is being stopped" };

function obeySignals(
  { unit, log }: Setup,
  supervisor: Supervisor,
  port: ControlPort,
): ReturnType<typeof listenToSignals> {
  const submit = (command: ControlCommand): void => {
    const submission = port.submit(command);
    if (!submission.accepted) warn({ log }, submission.failure.message);
  };
  return listenToSignals({
    unit,
    push: (event) => supervisor.push(event),
    upgrade: () => submit("upgrade"),
    reexec: () => submit("reexec"),
    reopenLog: () => log.reopen(),
    report: (message) => warn({ log }, message),
  });
}

function tellTickets({ tickets, channels }: Parts, { generations }: State): void {
  for (const slot of generations.flatMap(liveWorkers)) {
    channels.send(slot, { type: "renew-tickets", tickets: tickets.text });
  }
}
