import { existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Server } from "node:net";
import { sendDatagramWithFds } from "../../../src/linux/datagram.js";
import { parseBehaviour } from "./behaviour.js";
import { shutDown } from "./shut-down.js";
import { streamUntil } from "./stream.js";

/*
 * A worker with the plain contract. How it behaves is in `puppet.json` of its release; what it is asked over HTTP:
 *   /              who answers
 *   /hold?FILE     answers when FILE exists
 *   /stream?FILE   begins its answer at once and goes on with it until FILE exists
 *   /take          answers when it has all of the request's body
 *   /crash         ends by SIGKILL without an answer
 *   /healthz       answers as its release says
 *   /notify?TEXT   sends TEXT to the NOTIFY_SOCKET
 *   /notify?TEXT&PATH   sends it to the socket at PATH
 */

const { env, pid } = process;
const behaviour = parseBehaviour(readFileSync("puppet.json", "utf8"));
let draining = false;

function notify(text: string, path = env["NOTIFY_SOCKET"] ?? ""): void {
  sendDatagramWithFds(path, Buffer.from(text), []);
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const [path, query = ""] = (request.url ?? "").split("?", 2);
  const argument = decodeURIComponent(query);
  const send = (): void => {
    response.setHeader("Connection", "close");
    response.end(
      JSON.stringify({ generation: Number(env["HOLDFAST_GENERATION"]), version: behaviour.version, pid }),
    );
  };
  switch (path) {
    case "/hold": {
      const timer = setInterval(() => {
        if (!existsSync(argument)) return;
        clearInterval(timer);
        send();
      }, 10);
      return;
    }
    case "/stream":
      streamUntil(argument, response);
      return;
    case "/take":
      request.on("end", send).resume();
      return;
    case "/crash":
      process.kill(pid, "SIGKILL");
      return;
    case "/healthz":
      response.statusCode = behaviour.health;
      send();
      return;
    case "/notify": {
      const [text = "", to] = argument.split("&", 2);
      notify(text, to);
      send();
      return;
    }
    default:
      send();
  }
}

function serve(): void {
  const count = Number(env["LISTEN_PID"]) === pid ? Number(env["LISTEN_FDS"]) : 0;
  let listening = 0;
  const servers = Array.from({ length: count }, (_, index) =>
    createServer(answer).listen({ fd: 3 + index }, () => {
      listening += 1;
      if (listening === count && behaviour.boot === "good") notify("READY=1");
    }),
  );
  process.on(behaviour.signal, () => {
    if (behaviour.term === "ignore" || draining) return;
    draining = true;
    if (behaviour.term === "shutdown") shutDown(2 + count);
    if (behaviour.term === "stay") setInterval(() => {}, 1_000_000);
    // Not http.Server's own close: that ends connections on which a request may be on its way.
    for (const server of servers) Server.prototype.close.call(server);
  });
}

if (behaviour.boot === "crash") process.exit(3);
serve();
