// Another worker: adopts the WebSocket at fd 4 with what comes along, and answers until its client leaves.
import { WebSocketServer } from "ws";
import { createWebSocketCarrier } from "../../../../../src/worker/carriers/websocket/websocket-carrier.js";

const wss = new WebSocketServer({ noServer: true });
const carrier = createWebSocketCarrier(
  wss,
  {
    save: () => undefined,
    restore(ws, saved, request) {
      if (typeof saved !== "object" || saved === null || !("greeting" in saved)) throw new Error("bad state");
      ws.on("message", (data) => ws.send(`${saved.greeting} ${request.url} ${String(data)}`));
      ws.on("close", () => process.exit());
    },
  },
  ({ message }) => {
    throw new Error(message);
  },
);
process.once("message", (message) => {
  if (typeof message !== "object" || message === null || !("meta" in message)) throw new Error("bad message");
  const bytes = (name: string) => Buffer.from(String(Reflect.get(message, name)), "base64");
  const meta = { ...Object(message.meta) };
  carrier.adopt({ fd: 4, meta, input: bytes("input"), output: bytes("output") });
});
