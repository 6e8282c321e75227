// What `npm start` runs: a server that knows nothing of Holdfast, only what systemd gives any socket-activated
// service. On SIGTERM it stops accepting, answers what it has begun, and ends with its last connection.
import http from "node:http";
import net from "node:net";

const { HOLDFAST_GENERATION: generation, HOLDFAST_WORKER: worker } = process.env;
let draining = false;

const server = http.createServer((request, response) => {
  const delayMs = Number(new URL(request.url ?? "/", "http://demo").searchParams.get("ms") ?? 0);
  setTimeout(() => {
    if (draining) response.setHeader("Connection", "close");
    response.end(`Hello from generation ${generation}, worker ${generation}.${worker}, pid ${process.pid}\n`);
  }, delayMs);
});

server.listen({ fd: 3 });

process.on("SIGTERM", () => {
  draining = true;
  // server.close() would also close idle keep-alive connections, and a request just sent on one would be lost.
  net.Server.prototype.close.call(server);
});
