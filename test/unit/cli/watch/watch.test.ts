import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FakePort, report } from "../../control/fake-port.js";
import { startServer, temporaryDirectory, until } from "../../control/rig.js";
import { type OnTerminal, startOnTerminal, withoutColours } from "../on-terminal.js";
import { runCli } from "../run-cli.js";

const timeout = 60_000;

const secondScreen = "\x1b[?1049h";
/** To the CLI it is a user of no instance of this machine. */
const pretend = "--import=data:text/javascript,process.geteuid=()=>1999999";

/** What is on the second screen now. */
function screenOf(cli: OnTerminal): string {
  const frame = cli.written().split("\x1b[H").at(-1) ?? "";
  return withoutColours(frame).replaceAll("\x1b[K", "").replaceAll("\x1b[J", "").replaceAll("\r", "");
}

/** Whether the terminal was given back: the first screen, with its cursor, and wrapping. */
function isGivenBack(cli: OnTerminal): boolean {
  return cli.written().endsWith("\x1b[?7h\x1b[?25h\x1b[?1049l");
}

test("a watched service is drawn anew on news, each second, and when the terminal changes its size; q gives the terminal back", {
  timeout,
}, async (t) => {
  const { socketPath, port } = await startServer(t);
  const cli = startOnTerminal(t, ["--socket", socketPath, "status", "--watch"]);
  await until(() => screenOf(cli).includes("web: generation 8, 1 worker ready"));
  assert.ok(cli.written().startsWith(secondScreen));
  await until(() => cli.written().includes("\x1b[32mactive\x1b[39m"));
  await until(() => port.listeners.size === 1);
  port.tell({ message: "generation 9 from /srv/\x1b[2Jweb", generation: 9 });
  await until(() => / 9 {6}.*generation 9 from \/srv\/ \[2Jweb/.test(screenOf(cli)));
  // Without news.
  port.report_ = { ...report, summary: "generation 9, 2 workers ready" };
  await until(() => screenOf(cli).includes("web: generation 9, 2 workers ready"));
  for (const line of screenOf(cli).split("\n")) assert.ok(line.length <= 80, line);
  cli.resize(60, 12);
  await until(() => screenOf(cli).split("\n")[0]?.length === 60);
  assert.ok(screenOf(cli).split("\n").length <= 12);
  cli.type("q");
  assert.equal(await cli.ended, 0);
  assert.ok(isGivenBack(cli));
});

for (const [what, end] of [
  ["Ctrl-C", (cli: OnTerminal) => cli.type("\x03")],
  ["SIGTERM", (cli: OnTerminal) => cli.kill("SIGTERM")],
] as const) {
  test(`${what} ends it, and gives the terminal back; with NO_COLOR there are no colours`, {
    timeout,
  }, async (t) => {
    const { socketPath } = await startServer(t);
    const args = ["--socket", socketPath, "status", "-w"];
    const cli = startOnTerminal(t, args, { env: { NO_COLOR: "1" } });
    await until(() => screenOf(cli).includes("WORKER"));
    end(cli);
    assert.equal(await cli.ended, 0);
    assert.ok(isGivenBack(cli));
    assert.equal(withoutColours(cli.written()), cli.written());
  });
}

test("over the death of a daemon it says that nobody answers, and goes on with the next one", {
  timeout,
}, async (t) => {
  const first = await startServer(t);
  const cli = startOnTerminal(t, ["--socket", first.socketPath, "status", "--watch"]);
  await until(() => screenOf(cli).includes("1 worker ready"));
  await first.close();
  // A terminal gives a page line by line.
  await until(() => /^no answer: .*^8 +active/ms.test(screenOf(cli)));
  const port = new FakePort();
  port.report_ = { ...report, pid: 4799 };
  await startServer(t, { socketPath: first.socketPath, port });
  await until(() => screenOf(cli).includes("pid 4799"));
  assert.doesNotMatch(screenOf(cli), /^no answer/m);
  await until(() => port.listeners.size === 1);
  port.tell({ message: "heard again" });
  await until(() => screenOf(cli).includes("heard again"));
  cli.type("q");
  assert.equal(await cli.ended, 0);
});

test("where several run and none is named, all are watched, those that come later, too", {
  timeout,
}, async (t) => {
  const base = join(temporaryDirectory(t), "holdfast");
  const serve = async (name: string) => {
    mkdirSync(join(base, name), { recursive: true, mode: 0o700 });
    return startServer(t, { socketPath: join(base, name, "control.sock"), name });
  };
  await Promise.all(["api", "web"].map(serve));
  const env = { XDG_RUNTIME_DIR: join(base, ".."), NODE_OPTIONS: pretend };
  const cli = startOnTerminal(t, ["status", "--watch"], { env });
  await until(() => /^api +running.*^web +running/ms.test(screenOf(cli)));
  const { port } = await serve("mail");
  await until(() => /^mail +running/m.test(screenOf(cli)));
  await until(() => port.listeners.size === 1);
  port.tell({ message: "it has news" });
  await until(() => screenOf(cli).includes("mail: it has news"));
  cli.type("q");
  assert.equal(await cli.ended, 0);
});

test("where there is no terminal, or no daemon, it says what to do, or that, and draws nothing", async (t) => {
  const { socketPath } = await startServer(t);
  const refused = await runCli(["--socket", socketPath, "status", "--watch"]);
  assert.deepEqual([refused.status, refused.stdout], [2, ""]);
  assert.match(refused.stderr, /needs a terminal.*`holdfast events`.*`holdfast status --json`/s);
  const nobody = startOnTerminal(t, ["--socket", join(temporaryDirectory(t), "none"), "status", "--watch"]);
  assert.equal(await nobody.ended, 3);
  assert.ok(!nobody.written().includes(secondScreen));
});
