import { existsSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { Container } from "../harness/container/container.js";
import { runCommand } from "../harness/container/run-command.js";
import { HarnessError } from "../harness/harness-error.js";
import { startLoad } from "../harness/load/start-load.js";
import { median, type Row } from "./figures.js";
import type { Service } from "./services.js";

const WRK = "/usr/bin/wrk";
const CONNECTIONS = 32;
const ROUND_SECONDS = 2;
const PAIRS = 10;

export interface Rivals {
  readonly what: string;
  readonly ours: Service;
  readonly theirs: Service;
}

/** Requests a second, the two in turn, so that what else the machine does meets both. */
export async function measureRequestRate(
  container: Container,
  { what, ours, theirs }: Rivals,
): Promise<Row[]> {
  const rate = existsSync(WRK) ? rateByWrk : rateByLoadClient;
  const [ratios, rates]: [number[], number[]] = [[], []];
  for (const service of [ours, theirs]) await rate(container, service);
  for (let pair = 0; pair < PAIRS; pair++) {
    // A B, B A, A B: neither always comes first.
    const order = pair % 2 === 0 ? [ours, theirs] : [theirs, ours];
    const found = new Map<Service, number>();
    for (const service of order) found.set(service, await rate(container, service));
    const [rateOfOurs = 0, rateOfTheirs = 0] = [found.get(ours), found.get(theirs)];
    ratios.push(rateOfOurs / rateOfTheirs);
    rates.push(rateOfOurs);
  }
  const spread = `${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)}`;
  return [
    {
      what: `requests/s of ${what}`,
      figure: `${median(ratios).toFixed(3)} (${spread} in ${PAIRS} pairs)`,
      goal: "0.98 or more",
    },
    {
      what: `  under Holdfast, ${CONNECTIONS} connections by ${existsSync(WRK) ? "wrk" : "the load client"}`,
      figure: `${Math.round(median(rates))} requests/s`,
    },
  ];
}

async function rateByWrk({ pid }: Container, { address }: Service): Promise<number> {
  const load = [WRK, "-t1", `-c${CONNECTIONS}`, `-d${ROUND_SECONDS}s`, `http://${address}/`];
  const { code, stdout, stderr } = await runCommand(
    ["nsenter", "--target", String(pid), "--net", "--", ...load],
    {
      timeoutMs: 30_000,
    },
  );
  const rate = /^Requests\/sec:\s*([\d.]+)$/m.exec(stdout)?.[1];
  if (code === 0 && rate !== undefined && !/Socket errors|Non-2xx/.test(stdout)) return Number(rate);
  throw new HarnessError("wrk", `cannot measure requests/s: ${stdout}${stderr}`);
}

async function rateByLoadClient(container: Container, { address }: Service): Promise<number> {
  await using load = await startLoad(container, {
    address,
    keepAlive: CONNECTIONS,
    pauseMs: 0,
    freshPerSecond: 0,
    slow: 0,
  });
  const before = load.report;
  await pause(ROUND_SECONDS * 1000);
  const after = load.report;
  await load.stop();
  return ((after.ok - before.ok) * 1000) / (after.elapsedMs - before.elapsedMs);
}
