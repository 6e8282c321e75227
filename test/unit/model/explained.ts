import { isDeepStrictEqual } from "node:util";
import type { Action, Slot, SlotProcess } from "../../../src/model/event.js";
import { findGeneration, findSnapshot, isLive } from "../../../src/model/find.js";
import type { State } from "../../../src/model/state.js";
import { findWorker } from "../../../src/model/turn.js";
import type { Step } from "./invariants.js";

/** Actions that the returned state does not know as intended: the next daemon could not finish or undo them. */
export function unexplainedActions(step: Step): string[] {
  return step.decision.actions
    .filter((action) => !isExplained(action, step))
    .map((action) => `not explained by the state: ${JSON.stringify(action)}`);
}

function isExplained(action: Action, step: Step): boolean {
  const { before, event, decision } = step;
  const { state } = decision;
  switch (action.type) {
    case "prepare":
      return state.upgrade?.id === action.upgrade && state.upgrade.generation === null;
    case "make-snapshot":
      return findSnapshot(state, action.snapshot)?.phase === "making";
    case "inspect-snapshot":
      return findSnapshot(state, action.snapshot)?.phase === "ready";
    case "remove-snapshot":
      return findSnapshot(state, action.snapshot)?.phase === "removing";
    case "check": {
      const stage = findGeneration(state, action.generation)?.stage;
      return stage?.phase === "candidate" && stage.step === "checking";
    }
    case "examine": {
      const stage = findGeneration(state, action.generation)?.stage;
      return stage?.phase === "candidate" && stage.step === "examining";
    }
    case "verify": {
      const stage = findGeneration(state, action.generation)?.stage;
      return stage?.phase === "candidate" && stage.step === "verifying";
    }
    case "activate":
      return action.slots.every((slot) => isActive(state, slot) || isHeirOfHeld(step, slot));
    case "apply-modes":
      return findGeneration(state, action.generation)?.stage.phase === "active";
    case "spawn":
      return findWorker(state, action)?.run.phase === "spawning";
    case "open-gate":
    case "await-ready":
      return phaseOf(state, action) === "starting";
    case "terminate":
      return (
        action.slots.length > 0 &&
        action.slots.every((slot) => {
          const draining = findGeneration(state, slot.generation)?.stage.phase === "draining";
          const leaving = findWorker(state, slot)?.leaving !== undefined;
          return (draining || leaving) && ["stopping", "draining"].includes(phaseOf(state, slot) ?? "");
        })
      );
    case "kill":
      // Either the state knows that the worker is to go, or it never knew the worker.
      return ["stopping", "draining", undefined].includes(phaseOf(state, action));
    case "follow":
      return phaseOf(state, action) === "draining" || phaseOf(state, action) === "stopping";
    case "forget":
      return phaseOf(state, action) === undefined;
    case "close-listener": {
      const { id } = action.listener;
      const held = event.type === "prepared" && event.result.ok ? event.result.value.held : [];
      const known = [...before.listeners, ...before.closing, ...held].some((listener) => listener.id === id);
      return known && state.closing.some((listener) => listener.id === id);
    }
    case "record": {
      const { entry } = action;
      if (entry.kind === "upgrade") {
        return state.outcomes.some(({ upgrade }) => upgrade === entry.outcome.upgrade);
      }
      if (entry.kind === "verdict") {
        const meant = state.outcomes.find(({ upgrade }) => upgrade === entry.upgrade);
        return meant?.generation === entry.generation && isDeepStrictEqual(meant.verdict, entry.verdict);
      }
      if (entry.kind === "account") {
        return !state.accounts.some(({ upgrade }) => upgrade === entry.account.upgrade);
      }
      return findGeneration(state, entry.generation) === undefined;
    }
    case "ask-counts":
      return state.accounts.some(({ phases }) => phases.every(({ until }) => until !== null));
    case "exit": {
      const { phase } = state.lifecycle;
      const empty = state.generations.length === 0;
      if (action.status === "stopped" || action.status === "failed") return phase === "stopping" && empty;
      if (action.status === "leaving-restart") return phase === "leaving";
      return phase === "leaving" || phase === "drained";
    }
    case "revive-listener":
      return state.listeners.some(({ id }) => id === action.listener.id);
    case "give-listener": {
      const { result, generation } = action;
      const known = findGeneration(state, generation);
      return !result.ok || known?.listeners.includes(result.value.id) === true;
    }
    // What it opens is nobody's until the state knows it, and gone with the daemon.
    case "open-listener":
    case "announce":
    case "restore-backlogs":
      return true;
    default:
      return action satisfies never;
  }
}

function isActive(state: State, { generation }: Slot): boolean {
  return findGeneration(state, generation)?.stage.phase === "active";
}

/** Beside a trial the one that is held serves, too: there a worker may take the place of one that leaves. */
function isHeirOfHeld({ before, decision: { state } }: Step, { generation, index }: Slot): boolean {
  const left = findGeneration(before, generation)?.workers ?? [];
  const held = findGeneration(state, generation)?.stage.phase === "held";
  return held && left.some(({ leaving }) => leaving?.heir === index);
}

/** The phase in which the state knows exactly this process in this slot. */
function phaseOf(state: State, { process, ...slot }: SlotProcess): string | undefined {
  const run = findWorker(state, slot)?.run;
  return run !== undefined && isLive(run) && run.process.pid === process.pid ? run.phase : undefined;
}
