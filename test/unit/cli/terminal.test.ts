import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { report } from "../control/fake-port.js";
import { startServer, until } from "../control/rig.js";
import { temporaryDirectory } from "../linux/temporary-directory.js";
import { startOnTerminal, withoutColours } from "./on-terminal.js";

const columns = 80;

/** What the CLI writes on a terminal. */
async function onTerminal(
  t: TestContext,
  args: readonly string[],
  env?: Record<string, string>,
): Promise<string> {
  const cli = startOnTerminal(t, args, { columns, ...(env !== undefined && { env }) });
  await cli.ended;
  return cli.written();
}

test("status fits into a terminal, in colours, and no word of it is lost or broken", {
  timeout: 30_000,
}, async (t) => {
  const { socketPath, port } = await startServer(t);
  const detail =
    "rolled back to generation 7 after 2 min: a worker died of a request that nobody had thought of before";
  const [generation] = report.generations;
  assert.ok(generation !== undefined);
  port.report_ = { ...report, generations: [{ ...generation, detail }], degraded: `${detail} and ${detail}` };
  const page = await onTerminal(t, ["--socket", socketPath, "status"]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are made of
  assert.match(page, /\x1b\[31mdegraded:\x1b\[39m/);
  const lines = withoutColours(page).split("\n");
  for (const line of lines) assert.ok(line.length <= columns, line);
  const words = new Set(lines.join(" ").split(/\s+/));
  for (const word of [...detail.split(" "), "127.0.0.1:8080", "REQUESTS", "4712"])
    assert.ok(words.has(word), word);
});

test("doctor is in colours on a terminal, and folds its findings", { timeout: 30_000 }, async (t) => {
  const directory = temporaryDirectory(t);
  const shown = [
    "Id=web.service",
    "LoadState=loaded",
    "ExecStart={ argv[]=holdfastd --name web --config /no.toml ; }",
  ];
  writeFileSync(join(directory, "systemctl"), `#!/bin/sh\nprintf '%s\\n' '${shown.join("' '")}'\n`, {
    mode: 0o755,
  });
  const page = await onTerminal(t, ["doctor"], { PATH: `${directory}:${process.env["PATH"]}` });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are made of
  assert.match(page, /^ {2}\x1b\[31mproblem:\x1b\[39m cannot read config/m);
  for (const line of withoutColours(page).split("\n")) assert.ok(line.length <= columns, line);
});

test("a long step of an upgrade shows on a terminal how long it takes already, and leaves no trace of that", {
  timeout: 30_000,
}, async (t) => {
  const { socketPath, port } = await startServer(t);
  port.onSubmit = () =>
    setImmediate(() => port.tell({ upgrade: 12, generation: 9, message: "generation 9 from /srv/web" }));
  const cli = startOnTerminal(t, ["--socket", socketPath, "upgrade"]);
  await until(() => cli.written().includes("1 s since: generation 9 from /srv/web"));
  port.conclude(12);
  await cli.ended;
  assert.ok(cli.written().includes("\r\x1b[Kgeneration 9 is active; upgrade took"), cli.written());
});
