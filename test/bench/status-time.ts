import type { Container } from "../harness/container/container.js";
import { HarnessError } from "../harness/harness-error.js";
import { median, type Row } from "./figures.js";
import { instanceOf } from "./native-service.js";
import { HOLDFAST } from "./services.js";

const TIMER = "/opt/holdfast/build/test/bench/command-time.js";
const ROUNDS = 25;

const INSTANCE = instanceOf(HOLDFAST.units);
/** Asks the same question by node:http, and prints what comes. */
const ASKS = `require("node:http").get(
  { socketPath: "/run/holdfast/${INSTANCE}/control.sock", path: "/v1/status", agent: false },
  (response) => response.pipe(process.stdout),
);`;

/** What a command takes besides the boot of the Node that it runs on, and besides what anything on Node takes that asks. */
export async function measureStatus(container: Container): Promise<Row[]> {
  const [statusMs, bareMs, askingMs]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < ROUNDS; round++) {
    statusMs.push(await time(container, "holdfast", "-n", INSTANCE, "status"));
    bareMs.push(await time(container, "/usr/bin/node", "-e", "0"));
    askingMs.push(await time(container, "/usr/bin/node", "-e", ASKS));
  }
  return [
    {
      what: `holdfast status : node -e 0, ${ROUNDS} pairs`,
      figure: compare(statusMs, bareMs),
      goal: "1.3 or less",
    },
    {
      what: "  holdfast status : a line of node:http that asks the same",
      figure: compare(statusMs, askingMs),
    },
    {
      what: "  the three in time",
      figure: `${[statusMs, bareMs, askingMs].map((times) => median(times).toFixed(0)).join(", ")} ms`,
    },
  ];
}

function compare(ours: readonly number[], theirs: readonly number[]): string {
  const ratios = ours.map((ms, round) => ms / (theirs[round] ?? 0));
  return `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`;
}

async function time(container: Container, ...command: readonly string[]): Promise<number> {
  const { code, stdout, stderr } = await container.exec(["/usr/bin/node", TIMER, ...command]);
  if (code === 0) return Number(stdout);
  throw new HarnessError("command-time", `cannot time ${command.join(" ")}: ${stderr}`);
}
