import type { Command } from "../command.js";

export const adoptListenerCommand: Command = {
  name: "adopt-listener",
  argument: "[NAME=]ADDRESS",
  alone: true,
  options: [],
  summary: "for ExecStartPre=: take over what another program listens on",
  run: async (line) => (await import("../adopt-sockets.js")).adoptSockets(line),
};
