import type { Config } from "../../config/config.js";
import type { DrainSignal } from "../../lib/drain-signals.js";
import { type Result, succeed } from "../../lib/failure.js";
import { closeFd } from "../../linux/fd.js";
import type { HeldListeners } from "../../listeners/held-listeners.js";
import { reconcile } from "../../listeners/reconcile.js";
import type { Action, Event, News, Prepared, Slot, SlotProcess } from "../../model/event.js";
import { findGeneration } from "../../model/find.js";
import type { Generation } from "../../model/generation-state.js";
import type { Plan, Specification } from "../../model/plan.js";
import type { Retired, State } from "../../model/state.js";
import { findWorker } from "../../model/turn.js";
import type { NotifySockets } from "../../process/notify-sockets.js";
import type { WorkerChannels } from "../../process/worker-channels.js";
import type { WorkerProcesses } from "../../process/worker-processes.js";
import { readCommit } from "../../release/read-commit.js";
import { readVersion } from "../../release/read-version.js";
import type { Effects } from "../../supervisor/effects.js";
import { firstLimit, liftLimits } from "../native-workers/share.js";
import { awaitAccepting } from "./await-accepting.js";
import { collectFds, type NamedFd } from "./collect-fds.js";
import { awaitReadyCommand, runCheck, type WorkerPlaces, workerCommand } from "./commands.js";
import { explainLate } from "./explain-late.js";
import { findFdRoom } from "./fd-room.js";
import type { Snapshots } from "./snapshots.js";
import {
  readSpecification,
  type SpecificationFailure,
  verifyCommands,
  verifySpecification,
  warnOfAsking,
} from "./specify.js";
import { verifyGeneration } from "./verify.js";
import { giveWanted, openWanted } from "./wanted-listeners.js";

type ActionOf<T extends Action["type"]> = Extract<Action, { readonly type: T }>;

export interface PerformOptions {
  readonly name: string;
  readonly configFile: string;
  readonly places: WorkerPlaces;
  readonly listeners: HeldListeners;
  readonly workers: WorkerProcesses;
  readonly channels: WorkerChannels;
  readonly notifySockets: NotifySockets;
  readonly snapshots: Snapshots;
  /** Has native workers tell what they have counted. */
  readonly countWorkers: () => Promise<void>;
  readonly current: () => State;
  /** Nothing is decided any more: this daemon has ended, or begins anew. */
  readonly isOver: () => boolean;
  readonly announce: (news: News) => void;
  readonly record: (action: ActionOf<"record">) => void;
  readonly exit: (status: ActionOf<"exit">["status"]) => void;
  /** Hears of every config that has been read for an upgrade. */
  readonly onConfig: (config: Config) => void;
}

/** Turns one action of the model into what it means in the world. */
export function createPerformer(options: PerformOptions): Effects["perform"] {
  const { name, listeners, workers, channels, notifySockets, snapshots } = options;

  function prepare({ upgrade, again }: ActionOf<"prepare">, state: State): readonly Event[] {
    const wanted = again === null ? readAnew(upgrade) : verifyAgain(again);
    if (!wanted.ok) return [{ type: "prepared", upgrade, result: wanted }];
    const { plan } = wanted.value;
    const room = state.generations.length > 0 ? findFdRoom(plan.workers) : succeed(undefined);
    if (!room.ok) return [{ type: "prepared", upgrade, result: room }];
    const held = reconcile(listeners, wanted.value, state.listeners, state.nextListener);
    if (!held.ok) return [{ type: "prepared", upgrade, result: held }];
    if (again === null)
      warnOfAsking(wanted.value, held.value, (message) => warn("asks-old-workers", message, upgrade));
    const { version, commit } = again ?? nameInPlace(plan);
    return [{ type: "prepared", upgrade, result: succeed({ ...held.value, version, commit }) }];
  }

  function readAnew(upgrade: number): Result<Specification, SpecificationFailure> {
    const tell = (message: string): void => warn("outside-snapshot", message, upgrade);
    return readSpecification(options.configFile, tell, options.onConfig);
  }

  function warn(event: string, message: string, upgrade: number): void {
    options.announce({ event, level: "warning", message, upgrade });
  }

  /** With a snapshot of its own it needs no release any more. */
  function verifyAgain({ specification, snapshot }: Retired): Result<Specification, SpecificationFailure> {
    if (snapshot === null) return verifySpecification(specification);
    return verifyCommands(specification, snapshots.directoryOf(snapshot));
  }

  function spawn({ generation: id, index }: ActionOf<"spawn">, state: State): readonly Event[] {
    const slot = { generation: id, index };
    const generation = findGeneration(state, id);
    if (generation === undefined) return [];
    const fds = collectFds(generation, state, listeners);
    if (!fds.ok) return [{ type: "spawn-failed", ...slot, failure: fds.failure }];
    const notifySocket = notifySockets.open(slot);
    if (!notifySocket.ok) return [{ type: "spawn-failed", ...slot, failure: notifySocket.failure }];
    let started = false;
    try {
      const spawned = startWorker(generation, index, state, fds.value, notifySocket.value);
      started = spawned.ok;
      return spawned.ok
        ? [{ type: "spawned", ...slot, process: spawned.value }]
        : [{ type: "spawn-failed", ...slot, failure: spawned.failure }];
    } finally {
      if (!started) {
        channels.forget(slot);
        notifySockets.forget(slot);
      }
    }
  }

  function startWorker(
    generation: Generation,
    index: number,
    state: State,
    fds: readonly NamedFd[],
    notifySocket: string,
  ): ReturnType<WorkerProcesses["spawn"]> {
    const slot = { generation: generation.id, index };
    const channel = channels.open(slot);
    try {
      const { places } = options;
      return workers.spawn(
        slot,
        workerCommand(name, generation, index, state, places, fds, channel, notifySocket),
      );
    } finally {
      closeFd(channel);
    }
  }

  async function check(id: number, state: State): Promise<readonly Event[]> {
    const generation = findGeneration(state, id);
    if (generation === undefined) return [];
    const failure = await runCheck(name, generation, snapshots.workingDirectoryOf(generation));
    return [{ type: "checked", generation: id, failure }];
  }

  async function verify(id: number, state: State): Promise<readonly Event[]> {
    const generation = findGeneration(state, id);
    if (generation === undefined) return [];
    const verified = await verifyGeneration(generation, state, channels, listeners, options.announce);
    // What the version before has shown of itself until now is what the new one is held against.
    await options.countWorkers();
    return [{ type: "verified", generation: id, ...verified }];
  }

  async function examine(id: number): Promise<readonly Event[]> {
    return [{ type: "examined", generation: id, why: await explainLate(options, id) }];
  }

  function terminate({ slots, to, insist, withinMs }: ActionOf<"terminate">, state: State): readonly Event[] {
    // Before those that go stop to accept: whoever is left takes all that comes.
    liftLimits(channels, state, to);
    const told = insist
      ? []
      : slots.filter((slot) => channels.drain(slot, to, isExclusive(to, state), withinMs));
    const others = slots.filter((slot) => !told.includes(slot));
    for (const slot of others)
      workers.terminate(slot.process.pid, insist ? "SIGTERM" : drainSignalOf(slot, state));
    return [{ type: "signalled", slots, plain: insist ? [] : others }];
  }

  async function awaitReady(slot: SlotProcess, state: State): Promise<readonly Event[]> {
    const generation = findGeneration(state, slot.generation);
    if (generation === undefined) return [];
    const { pid } = slot.process;
    const wanted = (): boolean => {
      const run = options.isOver() ? undefined : findWorker(options.current(), slot)?.run;
      return run?.phase === "starting" && run.process.pid === pid;
    };
    const directory = snapshots.workingDirectoryOf(generation);
    const ready =
      generation.specification.plan.ready.rule.when === "accepts"
        ? await awaitAccepting(options, slot, wanted)
        : await awaitReadyCommand(name, generation, state, directory, slot, wanted);
    return ready ? [{ type: "worker-ready", generation: slot.generation, index: slot.index, pid }] : [];
  }

  return (action, state) => {
    switch (action.type) {
      case "prepare":
        return prepare(action, state);
      case "make-snapshot": {
        const generation = findGeneration(state, action.snapshot);
        return generation === undefined ? [] : snapshots.make(generation, action);
      }
      case "inspect-snapshot":
        return snapshots.inspect(action.snapshot);
      case "remove-snapshot":
        return snapshots.remove(action.snapshot);
      case "spawn":
        return spawn(action, state);
      case "check":
        return check(action.generation, state);
      case "examine":
        return examine(action.generation);
      case "verify":
        return verify(action.generation, state);
      case "ask-counts":
        return options.countWorkers().then(() => [{ type: "counts-asked" }]);
      case "activate":
        for (const slot of action.slots) {
          channels.activate(slot, action.slots, action.after, firstLimit(state, slot));
        }
        return [];
      case "await-ready":
        return awaitReady(action, state);
      case "open-gate":
        workers.openGate(action.process.pid);
        return [];
      case "terminate":
        return terminate(action, state);
      case "kill":
        workers.kill(action.process.pid);
        return [];
      case "forget":
        workers.forget(action.process.pid);
        channels.forget(action);
        notifySockets.forget(action);
        return [];
      case "follow":
        workers.follow(action.before.pid, action.process, drainSignalOf(action, state));
        return [];
      case "restore-backlogs":
        listeners.restoreBacklogs(state.listeners);
        return [];
      case "apply-modes": {
        const generation = findGeneration(state, action.generation);
        if (generation !== undefined) listeners.applyModes(generation, state.listeners);
        return [];
      }
      case "close-listener":
        listeners.close(action.listener, state.listeners);
        return [{ type: "listener-closed", id: action.listener.id }];
      case "open-listener":
        return [{ ...action, type: "listener-opened", result: openWanted(action, state, listeners) }];
      case "give-listener":
        giveWanted(action, listeners, channels);
        return [];
      case "revive-listener": {
        const revived = listeners.revive(action.listener);
        const failure = revived.ok ? null : revived.failure;
        return [{ type: "listener-revived", id: action.listener.id, failure }];
      }
      case "announce":
        options.announce(action.news);
        return [];
      case "record":
        options.record(action);
        return [];
      case "exit":
        options.exit(action.status);
        return [];
      default:
        return action satisfies never;
    }
  };
}

/** How connections are handed over is for the generation that gets them to say. */
function isExclusive(to: readonly SlotProcess[], state: State): boolean {
  const [first] = to;
  const generation = first === undefined ? undefined : findGeneration(state, first.generation);
  return generation?.specification.plan.strategy === "exclusive";
}

function drainSignalOf({ generation }: Slot, state: State): DrainSignal {
  return findGeneration(state, generation)?.specification.plan.drain.signal ?? "SIGTERM";
}

/** What a release calls itself that is not copied; the copy of another tells. */
function nameInPlace({ snapshot, release }: Plan): Pick<Prepared, "version" | "commit"> {
  if (snapshot) return { version: null, commit: null };
  return { version: readVersion(release), commit: readCommit(release) };
}
