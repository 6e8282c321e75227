import * as v from "valibot";
import { PacketChannel } from "../../../src/channel/packet-channel.js";
import { runDaemon } from "../../../src/daemon/run-daemon.js";
import type { Failure, Result } from "../../../src/lib/failure.js";
import type { Answer, Effects } from "../../../src/supervisor/effects.js";
import { HarnessError } from "../harness-error.js";
import { faultVariable, noteStruck, readFault } from "./fault.js";

const directory = process.env[faultVariable] ?? "";
const startedUnderFault = readFault(directory) !== undefined;
let count = 0;

/** What becomes of an effect that is struck and outlived. */
interface Struck<T> {
  readonly fail: (problem: HarnessError) => T;
  readonly throw: (problem: HarnessError) => T;
}

/** Counts an effect if a fault is armed, and strikes when it is the one. */
function through<T>(what: string, effect: () => T, struck: Struck<T>): T {
  const fault = readFault(directory);
  if (fault === undefined || fault.who === (startedUnderFault ? "old" : "new")) {
    count = 0;
    return effect();
  }
  if (fault.what === undefined || fault.what === what) count += 1;
  else return effect();
  if (count !== fault.at || !noteStruck(directory, what)) return effect();
  const problem = new HarnessError("struck", `${what}: the test says so`);
  if (fault.how === "fail" || fault.how === "throw") return struck[fault.how](problem);
  if (fault.how === "stray") {
    void Promise.reject(problem);
    setImmediate(() => {
      throw problem;
    });
    return effect();
  }
  if (fault.how === "stop") {
    const done = effect();
    process.kill(process.pid, "SIGSTOP");
    return done;
  }
  const result = fault.how === "die-after" ? effect() : undefined;
  process.kill(process.pid, "SIGKILL");
  // Unreachable in fact: a signal that a process sends itself is delivered before kill(2) returns.
  return result ?? effect();
}

function throwIt(problem: HarnessError): never {
  throw problem;
}

function makeFaulty(effects: Effects): Effects {
  return {
    ...effects,
    // Taken at the beginning of each decision; counted only when it is named.
    clock: () =>
      readFault(directory)?.what === "clock"
        ? through("clock", () => effects.clock(), { fail: throwIt, throw: throwIt })
        : effects.clock(),
    persist: (state) => {
      const persist = (): Result<void, Failure<"state-unwritable">> => effects.persist(state);
      const fail = ({ message }: HarnessError): ReturnType<typeof persist> => ({
        ok: false,
        failure: { reason: "state-unwritable", message },
      });
      return through("persist", persist, { fail, throw: throwIt });
    },
    perform: (action, state) =>
      // What is only told changes nothing: the next effect's fault is the same as its own.
      action.type === "announce"
        ? effects.perform(action, state)
        : through<Answer>(action.type, () => effects.perform(action, state), {
            fail: throwIt,
            throw: (problem) => Promise.reject(problem),
          }),
  };
}

/** A message to a worker is an effect of its own. Whoever asks for the status asks the workers, too: that does not count. */
function makeChannelsFaulty(): void {
  const { send } = PacketChannel.prototype;
  PacketChannel.prototype.send = function (bytes, fds) {
    const { type } = v.parse(v.object({ type: v.string() }), JSON.parse(bytes.toString()));
    const sent = (): boolean => send.call(this, bytes, fds);
    const how = readFault(directory)?.how;
    if (type === "query" || how === "fail") return sent();
    return through(`send ${type}`, sent, { fail: sent, throw: throwIt });
  };
}

makeChannelsFaulty();
await runDaemon(process.argv.slice(2), makeFaulty);
