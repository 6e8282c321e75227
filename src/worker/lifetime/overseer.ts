import { HoldfastError } from "../../lib/failure.js";
import { setCloseOnExec } from "../../linux/fd.js";
import { type InheritedFd, listenVariables, takeListenFds } from "../../systemd/listen-fds.js";
import { type StoredFds, sortFds } from "../direct/stored-fds.js";
import { askForSockets } from "./ask-for-sockets.js";
import { channelElsewhere } from "./channel-elsewhere.js";
import { report } from "./report.js";

/** Who started this process and looks after it. */
export type Overseer =
  | {
      readonly kind: "holdfast";
      readonly channelFd: number;
      readonly generation: number;
      readonly worker: number;
      readonly inherited: readonly InheritedFd[];
    }
  | {
      readonly kind: "systemd";
      /** Of the .socket units. */
      readonly inherited: readonly InheritedFd[];
      /** What the service itself has left in the fd store. */
      readonly stored: StoredFds;
    }
  | { readonly kind: "none" };

/**
 * Reads, once, what the overseer has passed, and takes it out of `env`, so that no child of the app takes it for its
 * own. Throws `environment-invalid` for an environment that contradicts itself.
 */
export function findOverseer(env: NodeJS.ProcessEnv, pid: number): Overseer {
  const { HOLDFAST_CHANNEL: channel, LISTEN_PID: to, NOTIFY_SOCKET: notifySocket } = env;
  delete env["HOLDFAST_CHANNEL"];
  const elsewhere = channel === channelElsewhere || (to !== undefined && Number(to) !== pid);
  if (channel !== undefined && elsewhere) {
    for (const variable of listenVariables) delete env[variable];
    const asked = notifySocket === undefined ? undefined : askForSockets(notifySocket);
    if (asked?.ok) return { kind: "holdfast", ...asked.value, ...place(env) };
    if (asked !== undefined) report(asked.failure.message);
    return { kind: "none" };
  }
  const inherited = takeListenFds(env, pid);
  if (!inherited.ok) throw new HoldfastError("environment-invalid", inherited.failure.message);
  if (channel !== undefined) {
    const channelFd = Number(channel);
    if (Number.isInteger(channelFd) && channelFd === 3 + inherited.value.length) {
      setCloseOnExec(channelFd, true);
      return { kind: "holdfast", channelFd, inherited: inherited.value, ...place(env) };
    }
  }
  const managed = inherited.value.length > 0 || env["NOTIFY_SOCKET"] !== undefined;
  if (!managed) return { kind: "none" };
  const { listeners, ...stored } = sortFds(inherited.value);
  return { kind: "systemd", inherited: listeners, stored };
}

function place(env: NodeJS.ProcessEnv): { readonly generation: number; readonly worker: number } {
  return { generation: Number(env["HOLDFAST_GENERATION"]), worker: Number(env["HOLDFAST_WORKER"]) };
}
