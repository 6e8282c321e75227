// A chat with rooms whose connections and rooms outlive the process. A room numbers its messages and sends each to everybody in it.
// A connection counts what it has sent, and says what it understood of each message; some take it a moment. HISTORY is how many messages a room keeps for those who
// were on their way to this process when they were said; more than 0 needs one process with one writer (`strategy = "exclusive"`).
import { existsSync, readFileSync } from "node:fs";
import http from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { notYet, serve, serveWebSockets, state } from "holdfast";
import { WebSocketServer } from "ws";

const at = (name) => new URL(name, import.meta.url);
const version = readFileSync(at("version"), "ascii").trim();
if (existsSync(at("crash-at-boot"))) throw new Error("told to crash at boot");

const history = Number(process.env.HISTORY ?? 0);
/** By name: the number of the last message, and the last messages. */
let rooms = {};
/** The connections, and what is known of each: its room, the last number it was sent, how much it was sent. */
const clients = new Map();

state({
  name: "rooms",
  version: 1,
  initial: () => {},
  save: () => rooms,
  restore: (saved) => {
    if (existsSync(at("refuse-state"))) throw new Error("told to refuse the state");
    rooms = saved;
  },
});

function enter(ws, client) {
  clients.set(ws, client);
  ws.on("close", () => clients.delete(ws));
  ws.on("message", async (data) => {
    const { from, n, text } = JSON.parse(data);
    if (n % 2 === 0) await thinkAbout(client);
    rooms[client.room] ??= { last: 0, messages: [] };
    const room = rooms[client.room];
    const message = { number: ++room.last, from, n, length: text.length };
    room.messages = history === 0 ? [] : [...room.messages.slice(1 - history), message];
    for (const [other, { room: name }] of clients) if (name === client.room) say(other, message);
  });
}

/** The connection stays meanwhile, for nobody else would answer. */
async function thinkAbout(client) {
  client.thinking = true;
  await pause(30);
  client.thinking = false;
}

function say(ws, message) {
  const client = clients.get(ws);
  client.seen = message.number;
  ws.send(JSON.stringify({ ...message, sent: ++client.sent, version }));
}

const server = http.createServer((request, response) => {
  response.setHeader("X-Version", version);
  const total = Object.values(rooms).reduce((sum, { last }) => sum + last, 0);
  response.end(request.url === "/total" ? `${total}\n` : `${version}\n`);
});
const wss = new WebSocketServer({ server });
wss.on("connection", (ws, request) => enter(ws, { room: request.url, seen: 0, sent: 0, thinking: false }));
serveWebSockets(wss, {
  save: (ws) => (clients.get(ws).thinking ? notYet : clients.get(ws)),
  restore: (ws, client) => {
    enter(ws, client);
    const missed = rooms[client.room]?.messages.filter(({ number }) => number > client.seen) ?? [];
    for (const message of missed) say(ws, message);
  },
});
await serve(server, { port: Number(process.env.PORT) });
