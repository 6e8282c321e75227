import type { Container } from "../harness/container/container.js";
import { HarnessError } from "../harness/harness-error.js";
import { median, type Row } from "./figures.js";
import { instanceOf } from "./native-service.js";
import { HOLDFAST } from "./services.js";

const TIMER = "/opt/holdfast/build/test/bench/command-time.js";
const ROUNDS = 25;

/** What a command takes besides the boot of the Node that it runs on. */
export async function measureStatus(container: Container): Promise<Row[]> {
  const [statusMs, bareMs]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    statusMs.push(await time(container, "holdfast", "-n", instanceOf(HOLDFAST.units), "status"));
    bareMs.push(await time(container, "/usr/bin/node", "-e", "0"));
  }
  const ratios = statusMs.map((ms, round) => ms / (bareMs[round] ?? 0));
  return [
    {
      what: `holdfast status : node -e 0, ${ROUNDS} pairs`,
      figure: `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`,
      goal: "1.3 or less",
    },
    { what: "  in time", figure: `${median(statusMs).toFixed(0)} and ${median(bareMs).toFixed(0)} ms` },
  ];
}

async function time(container: Container, ...command: readonly string[]): Promise<number> {
  const { code, stdout, stderr } = await container.exec(["/usr/bin/node", TIMER, ...command]);
  if (code === 0) return Number(stdout);
  throw new HarnessError("command-time", `cannot time ${command.join(" ")}: ${stderr}`);
}
