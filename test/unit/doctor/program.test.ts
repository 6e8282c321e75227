import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../../src/config/parse.js";
import { examine } from "../../../src/doctor/examine.js";
import type { Facts } from "../../../src/doctor/facts.js";
import { healthy, socket, withUnit } from "./sample.js";

const http = '[listeners.http]\naddress = "127.0.0.1:8080"';
const running = (command: readonly string[], more = ""): Facts => ({
  ...healthy,
  config: parseConfig(`command = ${JSON.stringify(command)}\n${more}\n${http}`, "/etc/holdfast/web.toml", {
    cwd: "/",
    cores: 1,
  }),
});
const quitting = '[drain]\nsignal = "SIGQUIT"';
const accepting = '[ready]\nwhen = "accepts"';
const fpm = running(
  ["/usr/sbin/php-fpm8.2", "--nodaemonize"],
  `environment = { FPM_SOCKETS = "127.0.0.1:8080=3" }\n${quitting}`,
);
const blocking = (facts: Facts): Facts => ({
  ...withUnit({ NonBlocking: "no" }, "[Service]\nNonBlocking=no\n"),
  config: facts.config,
  sockets: [socket],
});
const script = (command: readonly string[], text: string): Facts => ({
  ...running(command),
  source: { path: "/srv/web/server.js", text },
});

/** Commands, and what has to be found in them. */
const cases: readonly (readonly [what: string, facts: Facts, ...found: readonly string[]])[] = [
  ["uvicorn that nobody waits for", running(["uvicorn", "a:app", "--fd", "3"]), "problem never-ready"],
  [
    "uvicorn that opens its own port",
    running(["python3", "-m", "uvicorn", "a:app"], accepting),
    "problem own-port",
  ],
  ["uvicorn as it is right", running(["uvicorn", "a:app", "--fd=3"], accepting)],
  ["hypercorn that opens its own port", running(["hypercorn", "a:app"], accepting), "problem own-port"],
  ["nginx without [ready]", running(["env", "NGINX=3;", "nginx"], quitting), "problem never-ready"],
  ["nginx that is not told", running(["nginx"], `${accepting}\n${quitting}`), "problem own-port"],
  ["nginx that is told to end", running(["env", "NGINX=3;", "nginx"], accepting), "problem cuts-requests"],
  ["php-fpm, which mostly says it", blocking(fpm)],
  [
    "php-fpm at a listener that does not block",
    { ...blocking(fpm), ...withUnit({}), config: fpm.config },
    "problem blocking",
  ],
  ["daphne, which always cuts", running(["daphne", "a:app", "--fd", "3"], accepting), "note cuts-requests"],
  ["a server that takes no sockets", running(["waitress-serve", "app:app"]), "problem self-bound"],
  ["Apache", running(["/usr/sbin/apache2", "-DFOREGROUND"]), "problem self-bound"],
  ["gunicorn that imports late", running(["gunicorn", "app:app"]), "note imports-late"],
  ["gunicorn with --preload", running(["gunicorn", "--preload", "app:app"])],
  ["gunicorn with a check", running(["gunicorn", "app:app"], 'check = ["true"]')],
  ["npm", running(["npm", "start"]), "note wrapped"],
  ["yarn behind env", running(["env", "A=1", "/usr/bin/yarn", "serve"]), "note wrapped"],
  ["a shell without exec", running(["sh", "-c", "migrate; node server.js"]), "note no-exec"],
  ["a shell with exec", running(["sh", "-c", "migrate && exec node server.js"])],
  ["a shell with one command", running(["sh", "-c", "node server.js"])],
  ["a script without exec", script(["./run"], "#!/bin/sh\nset -e\nnode server.js\n"), "note no-exec"],
  ["a script with exec", script(["./run"], "#!/bin/sh\nset -e\nexec node server.js\n")],
  ["a script named to a shell", script(["bash", "run.sh"], "migrate\nnode server.js\n"), "note no-exec"],
  ["Node that opens its own port", script(["node", "server.js"], "app.listen(3000)"), "problem no-preload"],
  [
    "Node with the preload",
    script(["node", "--import", "holdfast/register", "server.js"], "app.listen(3000)"),
  ],
  ["Node with the library", script(["node", "server.js"], 'import { serve } from "holdfast"; x.listen()')],
  ["Node that takes fd 3", script(["node", "server.js"], "server.listen({ fd: 3 })")],
  ["Node that listens elsewhere in its code", script(["node", "server.js"], 'import "./app.js";')],
  [
    "a start that failed",
    withUnit({ Result: "exit-code", StatusText: "worker 1.0 listens on …" }),
    "problem last-start",
  ],
];

for (const [what, facts, ...found] of cases) {
  test(`of a command: ${what}`, () => {
    const findings = examine(facts);
    assert.deepEqual(
      findings.map(({ level, check }) => `${level} ${check}`),
      found,
    );
    for (const { remedy } of findings) assert.ok((remedy?.where ?? "") !== "");
  });
}

test("the line that tells a server of its sockets has their addresses", () => {
  const lines = (facts: Facts): readonly string[] =>
    examine(facts).flatMap(({ check, remedy }) => (check === "own-port" ? (remedy?.lines ?? []) : []));
  const more = `${accepting}\n${quitting}\n[listeners.second]\naddress = "unix:/run/b"`;
  assert.deepEqual(lines(running(["uvicorn", "a:app"])), ['command = ["uvicorn","a:app","--fd","3"]']);
  assert.deepEqual(lines(running(["nginx"], more)), ['environment = { NGINX = "3;4;" }']);
  const passed = blocking(running(["php-fpm8.4"], quitting));
  assert.deepEqual(lines(passed), ['environment = { FPM_SOCKETS = "127.0.0.1:8080=3" }']);
});
