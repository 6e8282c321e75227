import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { closeFd } from "../../src/linux/fd.js";
import { Afterwards } from "../harness/ends.js";
import { FeedReader } from "../harness/process/feed-reader.js";
import { openAtFreePort, portOf } from "../harness/process/ports.js";
import { Rig } from "../harness/process/rig.js";
import { showInstance, WebProcess } from "../harness/process/web-process.js";
import type { Row } from "./figures.js";

const VIEWERS = 10;
const MEASURED_MS = 20_000;
/** Of a start, until what it compiles is compiled. */
const SETTLING_MS = 5_000;
/** sysconf(3) _SC_CLK_TCK. */
const TICK_MS = 10;

/** What it costs that several look on, while nothing happens to look at. */
export async function measurePageCost(): Promise<Row[]> {
  await using ends = new Afterwards();
  await using rig = new Rig({ workers: 2, native: true });
  showInstance(ends, rig);
  await rig.manager.startReady();
  const listener = openAtFreePort();
  ends.after(() => closeFd(listener));
  const web = new WebProcess(ends, rig, [listener]);
  const where = { host: "127.0.0.1", port: portOf(listener) };
  const viewers = Array.from({ length: VIEWERS }, () => new FeedReader(where));
  for (const viewer of viewers) await viewer.until("hello");
  await pause(SETTLING_MS);
  const pids = { "holdfast-web": web.pid, "the daemon": rig.manager.pid };
  const before = Object.values(pids).map(readCpuMs);
  await pause(MEASURED_MS);
  const rows = Object.entries(pids).map(([who, pid], index): Row => {
    const share = (readCpuMs(pid) - (before[index] ?? 0)) / MEASURED_MS;
    return {
      what: `${VIEWERS} that look on at one service: CPU time of ${who}`,
      figure: `${(100 * share).toFixed(2)} % of a core`,
      goal: "together under 2 %",
    };
  });
  const memory = `${(web.residentBytes() / 1e6).toFixed(0)} MB`;
  for (const viewer of viewers) viewer.close();
  return [...rows, { what: "memory of holdfast-web (RSS)", figure: memory }];
}

/** proc_pid_stat(5): user and system time, after the name in parentheses. */
function readCpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const [utime = 0, stime = 0] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13)
    .map(Number);
  return (utime + stime) * TICK_MS;
}
