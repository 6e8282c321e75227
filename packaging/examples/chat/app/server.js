// A chat with rooms, one a path. Connections and rooms outlive the process: an upgrade disconnects nobody, and no number is missed.
import { readFileSync } from "node:fs";
import http from "node:http";
import { serve, serveWebSockets, state } from "holdfast";
import { WebSocketServer } from "ws";

const { version } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));
/** How many messages a room keeps for those who are on their way to this process when they are said. */
const HISTORY = 100;
/** By path: the number of the last message, and the last messages. */
let rooms = {};
/** By connection: its room, the last number it was sent, and how many messages it was sent. */
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
    rooms[client.room] ??= { last: 0, messages: [] };
    const room = rooms[client.room];
    const message = { number: ++room.last, from, n, text, length: text.length, version };
    room.messages = [...room.messages.slice(1 - HISTORY), message];
    for (const [other, neighbour] of clients) if (neighbour.room === client.room) say(other, message);
  });
}

function say(ws, message) {
  const client = clients.get(ws);
  client.seen = message.number;
  ws.send(JSON.stringify({ ...message, sent: ++client.sent }));
}

const server = http.createServer((_, response) => {
  response.setHeader("X-Version", version);
  response.end(`${version}\n`);
});
const wss = new WebSocketServer({ server });
wss.on("connection", (ws, { url }) => enter(ws, { room: url, seen: rooms[url]?.last ?? 0, sent: 0 }));
serveWebSockets(wss, {
  save: (ws) => clients.get(ws),
  restore: (ws, client) => {
    enter(ws, client);
    const messages = rooms[client.room]?.messages ?? [];
    for (const message of messages) if (message.number > client.seen) say(ws, message);
  },
});
await serve(server, { listener: "http" });
