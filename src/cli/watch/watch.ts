import { createControlClient } from "../../control/client.js";
import { findRunning, type Running } from "../../instances/find-running.js";
import { type Failure, fail, type Result, succeed } from "../../lib/failure.js";
import { reachDaemon, surroundings } from "../ask-daemon.js";
import type { CommandLine, End } from "../command.js";
import { type Look, lookOf } from "../print.js";
import { instancePage } from "./instance-page.js";
import { overviewPage } from "./overview-page.js";
import { openScreen } from "./screen.js";
import type { Moment } from "./seen.js";
import { Watched } from "./watched.js";

/** Times on the page go on although nothing happens. */
const redrawMs = 1_000;
/** News that come together are drawn together. */
const drawAfterMs = 30;
const askTimeoutMs = 3_000;
const ctrlC = "\x03";

/** What is watched. */
interface View {
  readonly page: (now: Moment, look: Look, rows: number) => readonly string[];
  /** Looks whether there is more to watch. */
  readonly renew: () => void;
}

/** `holdfast status --watch`: the instance that is meant, or all where several run and none is named, until somebody has seen enough. */
export async function watch(line: CommandLine, several: readonly Running[]): Promise<End> {
  if (!process.stdout.isTTY || process.env["TERM"] === "dumb") {
    const instead =
      "`holdfast events` follows in lines what happens, and `holdfast status --json` is for programs";
    return fail("usage", `--watch needs a terminal that it can draw on: ${instead}`);
  }
  const seenEnough = new AbortController();
  const { signal } = seenEnough;
  let draw = (): void => {};
  const onChange = (): void => draw();
  const view =
    several.length > 0 ? succeed(watchAll(onChange, signal)) : await watchOne(line, onChange, signal);
  if (!view.ok) return view;
  const quit = (): void => seenEnough.abort();
  const screen = openScreen({
    onKey: (key) => {
      if (key === "q" || key === "Q" || key === ctrlC) quit();
    },
    onResize: onChange,
  });
  let timer: NodeJS.Timeout | undefined;
  draw = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      const { columns, rows } = screen.size();
      const now = { wall: Date.now(), monotonic: performance.now() };
      screen.draw(view.value.page(now, { ...lookOf(process.stdout), width: columns }, rows));
    }, drawAfterMs);
  };
  const clock = setInterval(() => {
    view.value.renew();
    draw();
  }, redrawMs);
  const ends = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const end of ends) process.on(end, quit);
  // The terminal has gone.
  process.stdout.once("error", quit);
  draw();
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  for (const end of ends) process.off(end, quit);
  clearInterval(clock);
  clearTimeout(timer);
  draw = () => {};
  screen.leave();
  return succeed("done");
}

/** Fails where `holdfast status` would: it is not running, or may not be asked. */
async function watchOne(
  line: CommandLine,
  onChange: () => void,
  signal: AbortSignal,
): Promise<Result<View, Failure>> {
  const client = await reachDaemon(line, askTimeoutMs);
  if (!client.ok) return client;
  const status = await client.value.status();
  if (!status.ok) return status;
  const watched = new Watched(status.value.name, client.value, onChange, signal);
  void watched.follow();
  return succeed({ page: (now, look, rows) => instancePage(watched, now, look, rows), renew: () => {} });
}

function watchAll(onChange: () => void, signal: AbortSignal): View {
  const all = new Map<string, Watched>();
  const renew = (): void => {
    for (const { name, address } of findRunning(surroundings())) {
      if (all.has(name)) continue;
      const client = createControlClient({ ...address, timeoutMs: askTimeoutMs });
      const watched = new Watched(name, client, onChange, signal);
      all.set(name, watched);
      void watched.follow();
    }
  };
  renew();
  const byName = (): readonly Watched[] =>
    [...all.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  return { page: (now, look, rows) => overviewPage(byName(), now, look, rows), renew };
}
