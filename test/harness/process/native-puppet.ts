import { existsSync, readFileSync } from "node:fs";
import { serve, state } from "../../../src/worker/index.js";
import { parseBehaviour } from "./behaviour.js";
import { armDeath } from "./death.js";
import { type Asked, createPuppetServer, type Responder } from "./puppet-server.js";
import { standStill } from "./stand-still.js";
import { swellState } from "./swell-state.js";

/*
 * A native worker: the library as apps use it. How it behaves is in `puppet.json` of its release; what it is asked:
 *   /              who answers
 *   /count         counts, in the app's state
 *   /hold?FILE     answers when FILE exists
 *   /take          answers when it has all of the request's body
 *   /healthz       with the behaviour's status; when the file `gate` of the behaviour exists, if it has one
 *   /stuck         never lets the loop turn again
 */

const { env, pid } = process;
const behaviour = parseBehaviour(readFileSync("puppet.json", "utf8"));
// Before the library takes it out of the environment.
const listeners = env["LISTEN_FDNAMES"]?.split(":") ?? [];
armDeath(behaviour.die);
if (behaviour.swells) swellState();
let count = 0;
let generation: number | null = null;

state<number>({
  name: "count",
  version: behaviour.stateVersion,
  initial: () => {
    count = 0;
  },
  save: () => count * behaviour.stateVersion,
  restore: (value) => {
    standStill(behaviour.restoreMs);
    if (behaviour.refuse) throw new Error("this version cannot count");
    count = value / behaviour.stateVersion;
  },
  ...(behaviour.migrates
    ? { migrate: (value, version) => (Number(value) / version) * behaviour.stateVersion }
    : {}),
});

function answer(request: Asked, response: Responder): void {
  const [path, query = ""] = (request.url ?? "").split("?", 2);
  switch (path) {
    case "/count":
      count += 1;
      send(response);
      return;
    case "/hold":
      sendWhen(response, decodeURIComponent(query));
      return;
    case "/take":
      request.on("end", () => send(response)).resume();
      return;
    case "/healthz":
      response.statusCode = behaviour.health;
      sendWhen(response, behaviour.gate);
      return;
    case "/stuck":
      standStill();
      return;
    default:
      send(response);
  }
}

function send(response: Responder): void {
  response.end(JSON.stringify({ generation, version: behaviour.version, pid, count }));
}

function sendWhen(response: Responder, file: string): void {
  if (file === "" || existsSync(file)) {
    send(response);
    return;
  }
  setTimeout(() => sendWhen(response, file), 10);
}

if (behaviour.boot === "crash") process.exit(3);
for (const listener of listeners) {
  ({ generation } = await serve(createPuppetServer(behaviour, answer), { listener }));
}
