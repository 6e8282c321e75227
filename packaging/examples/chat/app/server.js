// A chat with rooms, one a path. Connections and rooms outlive the process: an upgrade disconnects nobody, and no number is missed.
import { readFileSync } from "node:fs";
import http from "node:http";
import { serve, serveWebSockets, state } from "holdfast";
import { WebSocketServer } from "ws";

const { version } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));
/** By path: the number of the last message. */
let rooms = {};
/** By connection: its room, and how many messages it was sent. */
const clients = new Map();

state({
  name: "rooms",
  version: 1,
  initial: () => {},
  save: () => rooms,
  restore: (saved) => {
    rooms = saved;
  },
});

function enter(ws, client) {
  clients.set(ws, client);
  ws.on("close", () => clients.delete(ws));
  ws.on("message", (data) => {
    const { from, n, text } = JSON.parse(data);
    rooms[client.room] = (rooms[client.room] ?? 0) + 1;
    const message = { number: rooms[client.room], from, n, text, length: text.length, version };
    for (const [other, neighbour] of clients) {
      if (neighbour.room === client.room) other.send(JSON.stringify({ ...message, sent: ++neighbour.sent }));
    }
  });
}

const server = http.createServer((_, response) => {
  response.setHeader("X-Version", version);
  response.end(`${version}\n`);
});
const wss = new WebSocketServer({ server });
wss.on("connection", (ws, request) => enter(ws, { room: request.url, sent: 0 }));
serveWebSockets(wss, { save: (ws) => clients.get(ws), restore: enter });
await serve(server, { listener: "http" });
