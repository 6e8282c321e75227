import { fail } from "../lib/failure.js";
import type { Action, Event } from "./event.js";

/** What the loop hears of something that was thrown where nobody expects it. */
export function faulted(message: string): Event {
  return { type: "faulted", failure: { reason: "daemon-fault", message } };
}

/**
 * What the loop hears of an action that could not be done; nothing where a deadline or a worker's death leads on anyway. Undefined: the
 * state says that it was done, and only a recovery does it again.
 */
export function failedAction(action: Action, message: string): readonly Event[] | undefined {
  const failed = fail("effect-failed", message);
  const { failure } = failed;
  switch (action.type) {
    case "prepare":
      return [{ type: "prepared", upgrade: action.upgrade, result: failed }];
    case "make-snapshot":
      return [{ type: "snapshot-made", snapshot: action.snapshot, result: failed }];
    case "remove-snapshot":
      return [{ type: "snapshot-removed", snapshot: action.snapshot, result: failed }];
    case "spawn":
      return [{ ...action, type: "spawn-failed", failure }];
    case "check":
      return [{ type: "checked", generation: action.generation, failure }];
    case "examine":
      return [{ type: "examined", generation: action.generation, why: null }];
    case "verify":
      return [{ type: "verified", generation: action.generation, failure, noWayBack: null }];
    case "open-listener":
      return [{ ...action, type: "listener-opened", result: failed }];
    case "ask-counts":
      return [{ type: "counts-asked" }];
    case "revive-listener":
      return [{ type: "listener-revived", id: action.listener.id, failure }];
    case "inspect-snapshot":
    case "await-ready":
    case "kill":
    case "restore-backlogs":
    case "apply-modes":
    case "give-listener":
    case "announce":
    case "record":
      return [];
    case "open-gate":
    case "activate":
    case "terminate":
    case "forget":
    case "follow":
    case "close-listener":
    case "exit":
      return undefined;
    default:
      return action satisfies never;
  }
}
