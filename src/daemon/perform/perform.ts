import type { DrainSignal } from "../../lib/drain-signals.js";
import type { Action, Event, Slot, SlotProcess } from "../../model/event.js";
import { findGeneration } from "../../model/find.js";
import type { State } from "../../model/state.js";
import { findWorker } from "../../model/turn.js";
import type { Effects } from "../../supervisor/effects.js";
import { firstLimit, liftLimits } from "../native-workers/share.js";
import { awaitAccepting } from "./await-accepting.js";
import { awaitReadyCommand, runCheck } from "./commands.js";
import { explainLate } from "./explain-late.js";
import { type PrepareOptions, prepare } from "./prepare.js";
import { type StartOptions, startWorker } from "./start-worker.js";
import { verifyGeneration } from "./verify.js";
import { giveWanted, openWanted } from "./wanted-listeners.js";

type ActionOf<T extends Action["type"]> = Extract<Action, { readonly type: T }>;

export interface PerformOptions extends PrepareOptions, StartOptions {
  /** Has native workers tell what they have counted. */
  readonly countWorkers: () => Promise<void>;
  readonly current: () => State;
  /** Nothing is decided any more: this daemon has ended, or begins anew. */
  readonly isOver: () => boolean;
  readonly record: (action: ActionOf<"record">) => void;
  readonly exit: (status: ActionOf<"exit">["status"]) => void;
}

/** Turns one action of the model into what it means in the world. */
export function createPerformer(options: PerformOptions): Effects["perform"] {
  const { name, listeners, workers, channels, notifySockets, snapshots } = options;

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
        return [prepare(options, action, state)];
      case "make-snapshot": {
        const generation = findGeneration(state, action.snapshot);
        return generation === undefined ? [] : snapshots.make(generation, action);
      }
      case "inspect-snapshot":
        return snapshots.inspect(action.snapshot);
      case "remove-snapshot":
        return snapshots.remove(action.snapshot);
      case "spawn":
        return startWorker(options, action, state);
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
