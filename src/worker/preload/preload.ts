import cluster from "node:cluster";
import { isMainThread } from "node:worker_threads";
import { channelElsewhere } from "../lifetime/channel-elsewhere.js";
import { interceptListening } from "./intercept-listening.js";
import { readPassed } from "./passed.js";
import type { TakeOver } from "./take-over-listening.js";
import { warnOfThread } from "./warn-of-thread.js";

/**
 * Where sockets were passed, to this process or to one that has started it (npm, a shell), the app's servers get them. The process whose
 * server listens is the worker; all others of the same command are not changed.
 */
export function preload(load: () => { readonly TakeOver: new () => TakeOver }): void {
  // It asks its parent for what it listens on.
  if (cluster.isWorker) return;
  const passed = readPassed(process.env, process.pid);
  if (passed === undefined) return;
  if (!isMainThread) {
    warnOfThread(passed);
    return;
  }
  if (!passed.own) standIn(process.env);
  interceptListening(passed, () => new (load().TakeOver)());
}

/** To an app that looks for sockets itself they are passed to this process; the library knows where they are. */
function standIn(env: NodeJS.ProcessEnv): void {
  env["LISTEN_PID"] = String(process.pid);
  env["HOLDFAST_CHANNEL"] = channelElsewhere;
}
