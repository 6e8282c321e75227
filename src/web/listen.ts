import { statSync } from "node:fs";
import type { Server } from "node:http";
import { type Failure, fail, messageOf, type Result, succeed } from "../lib/failure.js";
import { inspectSocket } from "../linux/socket.js";
import type { Way } from "./access.js";

/** A listener that this process has, and how requests come in there. */
export interface Listener {
  readonly fd: number;
  readonly way: Way;
  readonly address: string;
}

/** What of inherited fds can be listened on. With `vouched`, whoever can connect to a unix socket may say who he is: that may not be everybody. */
export function chooseListeners(
  fds: readonly number[],
  vouched: boolean,
): Result<readonly Listener[], Failure<"socket-open-to-all">> {
  const listeners = fds.flatMap((fd): Listener[] => {
    const facts = inspectSocket(fd);
    if (facts?.type !== "stream" || !facts.listening) return [];
    return [{ fd, way: facts.family === "unix" ? "unix" : "tcp", address: facts.address }];
  });
  const open = vouched ? listeners.find(isOpenToAll) : undefined;
  if (open === undefined) return succeed(listeners);
  return fail(
    "socket-open-to-all",
    `cannot let users act by ${open.address}: whoever connects there says who he is, and everybody may; write SocketMode=0660 and the proxy's group as SocketGroup= in the socket unit`,
  );
}

/** An abstract socket has no mode. */
function isOpenToAll({ way, address }: Listener): boolean {
  if (way === "tcp") return false;
  const path = address.replace(/^unix:/, "");
  if (!path.startsWith("/")) return true;
  return ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o002) !== 0;
}

/** Rejects where it cannot. The fd is the server's from then on. */
export function listenOn(server: Server, fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(new Error(`cannot listen on fd ${fd}: ${messageOf(error)}`)));
    server.listen({ fd }, resolve);
  });
}
