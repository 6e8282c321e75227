import { existsSync } from "node:fs";
import type { Socket } from "node:net";
import type { Peer } from "../../control/server.js";
import { controlSocketIn } from "../../lib/directories.js";
import { type Failure, type Result, succeed } from "../../lib/failure.js";
import { closeFd } from "../../linux/fd.js";
import { peerGroups } from "../../linux/groups.js";
import { type ListenFailure, openListener } from "../../linux/listener.js";
import { hasHungUp } from "../../linux/poll.js";
import { peerCredentials } from "../../linux/socket.js";
import { removeStaleSocket } from "../../linux/unix-path.js";

const controlBacklog = 64;

/** Of the workers' notify sockets, where READY=1 and the like are sent. */
export function notifyDirectoryIn(runtimeDirectory: string): string {
  return `${runtimeDirectory}/notify`;
}

/** Of the one socket that all workers had in earlier daemons. */
export function commonNotifySocketIn(runtimeDirectory: string): string {
  return `${runtimeDirectory}/notify.sock`;
}

/**
 * The inherited socket as long as its file is still there, for clients know it by its path; else a new one. It also is what keeps a
 * second daemon of the same name from starting.
 */
export function takeControlSocket(
  inherited: number | undefined,
  runtimeDirectory: string,
): Result<number, Failure<"already-running"> | ListenFailure> {
  const path = controlSocketIn(runtimeDirectory);
  if (inherited !== undefined && hasFile(path)) return succeed(inherited);
  if (inherited !== undefined) closeFd(inherited);
  const opened = openListener({ kind: "unix", path }, { backlog: controlBacklog, mode: 0o600 });
  return opened.ok ? opened : { ok: false, failure: explain(opened.failure, path) };
}

/** A daemon that takes over may have another directory: what an earlier one has left there is no file of the inherited socket. */
function hasFile(path: string): boolean {
  return removeStaleSocket(path).ok ? existsSync(path) : true;
}

function explain(failure: ListenFailure, path: string): ListenFailure | Failure<"already-running"> {
  if (failure.reason !== "address-in-use") return failure;
  return {
    reason: "already-running",
    message: `cannot start: another holdfastd of this name answers on ${path} (${failure.message})`,
  };
}

/** Who is at the other end of a control connection: unix(7) SO_PEERCRED, SO_PEERGROUPS. */
export function peerOf(socket: Socket): Peer | undefined {
  const fd = fdOf(socket);
  if (fd === undefined) return undefined;
  const { uid, gid } = peerCredentials(fd);
  return { uid, gids: [gid, ...peerGroups(fd)] };
}

/** Whether the other end has closed the control connection. */
export function hasLeft(socket: Socket): boolean {
  const fd = fdOf(socket);
  return fd === undefined || hasHungUp(fd);
}

/** Node keeps the fd of a connection to itself; without it the peer is unknown and not answered. */
function fdOf(socket: Socket): number | undefined {
  const handle: unknown = Reflect.get(socket, "_handle");
  const fd: unknown = typeof handle === "object" && handle !== null ? Reflect.get(handle, "fd") : undefined;
  return typeof fd === "number" && fd >= 0 ? fd : undefined;
}
