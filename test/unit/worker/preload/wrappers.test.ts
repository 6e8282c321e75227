import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { waitUntil } from "../../../harness/container/wait-until.js";
import { countLost } from "../../../harness/load/report.js";
import { startLoad } from "../../../harness/load/start-load.js";
import { register, startService, top } from "./service.js";

const server = `
  const http = require("node:http");
  const version = require("node:fs").readFileSync("version", "ascii").trim();
  process.on("SIGTERM", () => console.log("told to end"));
  http.createServer((request, response) => response.setHeader("X-Version", version).end(version)).listen(process.env.PORT);`;
/** With types: it is compiled on the way. */
const typed = server.replace("const version =", "const version: string =");
const scripts = { start: `node --import ${register} server.cjs` };
const files = {
  "server.cjs": server,
  "server.cts": typed,
  "package.json": JSON.stringify({ private: true, scripts }),
};

/** Commands whose own process is not the server's. */
const wrappers: Readonly<Record<string, readonly string[]>> = {
  "npm start": ["npm", "start"],
  "npx in a shell": ["sh", "-c", `npx --no-install -c 'node --import ${register} server.cjs'; true`],
  tsx: ["node_modules/.bin/tsx", "--import", register, "server.cts"],
  "Node with tsx as a loader": ["node", "--import", register, "--import", "tsx", "server.cts"],
  "a shell that does something before and after": [
    "sh",
    "-c",
    `true; node --require ${register} server.cjs; true`,
  ],
};

for (const [name, command] of Object.entries(wrappers)) {
  test(`under ${name} the server gets the listener, and is upgraded and ended as without`, async (t) => {
    const service = await startService(t, { files, main: "server.cjs", command });
    await using load = await startLoad(null, { address: service.address, keepAlive: 8, slow: 0 });
    service.release("v2");
    const { failure } = await service.upgrade();
    assert.equal(failure, null, service.output());
    await load.waitFor("v2", 20_000, ({ versions }) => (versions["v2"]?.responses ?? 0) >= 100);
    await waitUntil("the end of the old generation", 20_000, async () => {
      const { generations } = await service.status();
      const [only, ...others] = generations;
      return others.length === 0 && only?.workers.every(({ native }) => native);
    });
    const report = await load.stop();
    assert.equal(countLost(report), 0, report.losses.join("\n"));
    assert.equal(report.idleClosed, 0, service.output());
    assert.equal(await service.stop(), 0);
    assert.match(service.output(), /told to end/);
  });
}

const pid = `
  const http = require("node:http");
  const server = http.createServer((request, response) => response.end(String(process.pid)));
  server.on("error", () => {}).listen(process.env.PORT);`;
const app = { files: { "pid.cjs": pid }, main: "pid.cjs" };
const node = `node --import ${register} pid.cjs`;

test("of two processes of a worker one gets its listeners, and the other is told why not", async (t) => {
  const service = await startService(t, { ...app, command: ["sh", "-c", `${node} & ${node} & wait`] });
  await waitUntil("the refusal", 20_000, () =>
    /another process of worker 1\.\d serves them/.test(service.output()),
  );
  assert(Number(await (await fetch(`http://${service.address}`)).text()) > 0);
});

const askForSockets = join(top, "build/src/worker/lifetime/ask-for-sockets.js");
const hesitant = `
  import { existsSync, writeFileSync } from "node:fs";
  import { askForSockets } from "${askForSockets}";
  const { ok } = askForSockets(process.env.NOTIFY_SOCKET);
  if (ok) writeFileSync(process.env.ASKED, "");
  setInterval(() => existsSync(process.env.REFUSED) && process.exit(), 20);`;

test("one that has got them and says nothing yet keeps them, and when it has ended the next one gets them", async (t) => {
  const files = { "pid.cjs": pid.replace("() => {}", "() => process.exit()"), "hesitant.mjs": hesitant };
  const command = [
    "export ASKED=$HOLDFAST_STATE_DIRECTORY/asked-$HOLDFAST_WORKER",
    "export REFUSED=$HOLDFAST_STATE_DIRECTORY/refused-$HOLDFAST_WORKER",
    "mkdir -p $HOLDFAST_STATE_DIRECTORY",
    "node hesitant.mjs &",
    "until test -e $ASKED; do sleep 0.05; done",
    `${node}; touch $REFUSED; wait; ${node}`,
  ];
  const service = await startService(t, {
    files,
    main: "pid.cjs",
    command: ["sh", "-c", command.join("\n")],
  });
  for (const worker of ["1.0", "1.1"])
    assert.match(service.output(), new RegExp(`another process of worker ${worker} serves them`));
  assert(Number(await (await fetch(`http://${service.address}`)).text()) > 0);
});

test("a process that comes after the one of its worker that served has the listeners again", async (t) => {
  const service = await startService(t, { ...app, command: ["sh", "-c", `${node}; ${node}; true`] });
  const ask = async (): Promise<number> => Number(await (await fetch(`http://${service.address}`)).text());
  const first = await ask();
  process.kill(first, "SIGKILL");
  await waitUntil("native workers", 20_000, async () => {
    const { generations } = await service.status();
    const [only] = generations;
    return only?.workers.every(({ native, servers }) => native && servers.length === 1);
  });
  service.release("v2");
  assert.equal((await service.upgrade()).failure, null, service.output());
});
