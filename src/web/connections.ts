import type { Server } from "node:http";

/**
 * The connections of several servers. When there has been none for `idleMs`, `onIdle` is called, once, in the very turn in which none is: who
 * closes the servers in it loses no client.
 */
export function watchConnections(
  servers: readonly Server[],
  idleMs: number | undefined,
  onIdle: () => void,
): void {
  let count = 0;
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    if (idleMs !== undefined) timer = setTimeout(onIdle, idleMs);
  };
  for (const server of servers) {
    server.on("connection", (socket) => {
      count += 1;
      clearTimeout(timer);
      socket.once("close", () => {
        count -= 1;
        if (count === 0) wait();
      });
    });
  }
  wait();
}
