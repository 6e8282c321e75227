import * as v from "valibot";
import { PacketChannel } from "../../../src/channel/packet-channel.js";
import { runDaemon } from "../../../src/daemon/run-daemon.js";
import type { Failure, Result } from "../../../src/lib/failure.js";
import type { Action, Event } from "../../../src/model/event.js";
import type { Effects } from "../../../src/supervisor/effects.js";
import { HarnessError } from "../harness-error.js";
import { faultVariable, noteStruck, readFault } from "./fault.js";

const directory = process.env[faultVariable] ?? "";
const startedUnderFault = readFault(directory) !== undefined;
let count = 0;

/** Counts an effect if a fault is armed, and strikes when it is the one. `failed` is what it gives instead of being done. */
function through<T>(what: string, effect: () => T, failed: (failure: Failure<"state-unwritable">) => T): T {
  const fault = readFault(directory);
  if (fault === undefined || fault.who === (startedUnderFault ? "old" : "new")) {
    count = 0;
    return effect();
  }
  if (fault.what === undefined || fault.what === what) count += 1;
  else return effect();
  if (count !== fault.at || !noteStruck(directory, what)) return effect();
  if (fault.how === "fail")
    return failed({ reason: "state-unwritable", message: `cannot ${what}: the test says so` });
  const result = fault.how === "die-after" ? effect() : undefined;
  process.kill(process.pid, "SIGKILL");
  // Unreachable in fact: a signal that a process sends itself is delivered before kill(2) returns.
  return result ?? effect();
}

function failAction(action: Action, failure: Failure<"state-unwritable">): readonly Event[] {
  switch (action.type) {
    case "prepare":
      return [{ type: "prepared", upgrade: action.upgrade, result: { ok: false, failure } }];
    case "make-snapshot":
      return [{ type: "snapshot-made", snapshot: action.snapshot, result: { ok: false, failure } }];
    case "remove-snapshot":
      return [{ type: "snapshot-removed", snapshot: action.snapshot, result: { ok: false, failure } }];
    case "inspect-snapshot":
      return [];
    case "spawn":
      return [{ ...action, type: "spawn-failed", failure }];
    default:
      throw new HarnessError(failure.reason, failure.message);
  }
}

function makeFaulty(effects: Effects): Effects {
  return {
    ...effects,
    persist: (state) => {
      const persist = (): Result<void, Failure<"state-unwritable">> => effects.persist(state);
      return through("persist", persist, (failure) => ({ ok: false, failure }));
    },
    perform: (action, state) =>
      // What is only told changes nothing: the next effect's fault is the same as its own.
      action.type === "announce"
        ? effects.perform(action, state)
        : through(
            action.type,
            () => effects.perform(action, state),
            (failure) => failAction(action, failure),
          ),
  };
}

/** A message to a worker is an effect of its own. Whoever asks for the status asks the workers, too: that does not count. */
function makeChannelsFaulty(): void {
  const { send } = PacketChannel.prototype;
  PacketChannel.prototype.send = function (bytes, fds) {
    const { type } = v.parse(v.object({ type: v.string() }), JSON.parse(bytes.toString()));
    const sent = (): boolean => send.call(this, bytes, fds);
    if (type === "query" || readFault(directory)?.how === "fail") return sent();
    return through(`send ${type}`, sent, sent);
  };
}

makeChannelsFaulty();
await runDaemon(process.argv.slice(2), makeFaulty);
