import { HoldfastError } from "../../lib/failure.js";
import { setCloseOnExec } from "../../linux/fd.js";
import { type InheritedFd, takeListenFds } from "../../systemd/listen-fds.js";
import { type StoredFds, sortFds } from "../direct/stored-fds.js";

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
  const inherited = takeListenFds(env, pid);
  if (!inherited.ok) throw new HoldfastError("environment-invalid", inherited.failure.message);
  const channel = env["HOLDFAST_CHANNEL"];
  delete env["HOLDFAST_CHANNEL"];
  if (channel !== undefined) {
    const channelFd = Number(channel);
    // Not ours when LISTEN_FDS was for another process: a child of a worker has the variable, and not the fd.
    if (Number.isInteger(channelFd) && channelFd === 3 + inherited.value.length) {
      setCloseOnExec(channelFd, true);
      return {
        kind: "holdfast",
        channelFd,
        generation: Number(env["HOLDFAST_GENERATION"]),
        worker: Number(env["HOLDFAST_WORKER"]),
        inherited: inherited.value,
      };
    }
  }
  const managed = inherited.value.length > 0 || env["NOTIFY_SOCKET"] !== undefined;
  if (!managed) return { kind: "none" };
  const { listeners, ...stored } = sortFds(inherited.value);
  return { kind: "systemd", inherited: listeners, stored };
}
