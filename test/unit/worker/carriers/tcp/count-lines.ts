import type { Socket } from "node:net";
import type { TcpHooks } from "../../../../../src/worker/carriers/tcp/tcp-carrier.js";

/** Answers each line with its number and its length; a half line is given back at a move. */
export function countLines(encoding: BufferEncoding | undefined): TcpHooks {
  const known = new Map<Socket, { count: number; rest: Buffer | string }>();
  return {
    save(socket) {
      const app = known.get(socket);
      if (app === undefined) throw new Error("unknown");
      if (app.rest.length > 0) socket.unshift(app.rest);
      known.delete(socket);
      return app.count;
    },
    restore(socket, saved) {
      const app = { count: Number(saved ?? 0), rest: encoding === undefined ? Buffer.alloc(0) : "" };
      const state: { count: number; rest: Buffer | string } = app;
      known.set(socket, state);
      if (encoding !== undefined) socket.setEncoding(encoding);
      socket.on("data", (data: Buffer | string) => {
        state.rest =
          typeof data === "string" ? state.rest + data : Buffer.concat([Buffer.from(state.rest), data]);
        for (let at = state.rest.indexOf("\n"); at >= 0; at = state.rest.indexOf("\n")) {
          const line = state.rest.slice(0, at).toString();
          state.rest = state.rest.slice(at + 1);
          socket.write(`${state.count++}:${line}\n`);
        }
      });
    },
  };
}
