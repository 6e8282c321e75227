// A line-based TCP server whose connections outlive the process: it answers each line with its number on that connection, its version and the
// line itself. A half line that it has read goes along with the connection.
import { existsSync, readFileSync } from "node:fs";
import net from "node:net";
import { serve } from "holdfast";

const at = (name) => new URL(name, import.meta.url);
const version = readFileSync(at("version"), "ascii").trim();
if (existsSync(at("crash-at-boot"))) throw new Error("told to crash at boot");

/** What is known of each connection. */
const clients = new Map();

function talk(socket, count) {
  const client = { count, rest: "" };
  clients.set(socket, client);
  socket.setEncoding("utf8");
  socket.on("data", (text) => {
    const lines = (client.rest + text).split("\n");
    client.rest = lines.pop();
    for (const line of lines) socket.write(`${++client.count} ${version} ${line}\n`);
  });
  socket.on("error", () => {});
  socket.on("close", () => clients.delete(socket));
}

const server = net.createServer((socket) => talk(socket, 0));
await serve(server, {
  port: Number(process.env.PORT),
  save: (socket) => {
    const { count, rest } = clients.get(socket);
    if (rest !== "") socket.unshift(rest, "utf8");
    return count;
  },
  restore: (socket, count) => talk(socket, count),
});
