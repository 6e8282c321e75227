import type { Container } from "../harness/container/container.js";
import { HarnessError } from "../harness/harness-error.js";
import { median, type Row } from "./figures.js";
import { deploy, EXPRESS, instanceOf, NATIVE, RELEASE, SLOW } from "./native-service.js";
import type { Service } from "./services.js";

const PROGRAM = "/opt/holdfast/build/test/bench/first-response.js";
const TIMER = "/opt/holdfast/build/test/bench/command-time.js";
const ROUNDS = 9;
const BARE_PORT = 8090;

/** From `systemctl reload` or the command to the first response of the new version, against the same app started by itself. */
export async function measureFirstResponse(container: Container): Promise<Row[]> {
  return [
    ...(await compare(container, SLOW, "an Express app that waits 1 s for a database", [
      "EXPRESS=1",
      "BOOT_MS=1000",
    ])),
    ...(await compare(container, EXPRESS, "an Express app", ["EXPRESS=1"])),
    ...(await compare(container, NATIVE, "a server of node:http alone", [])),
  ];
}

async function compare(
  container: Container,
  { units, address }: Service,
  app: string,
  environment: readonly string[],
): Promise<Row[]> {
  const [reloadsMs, upgradesMs, commandsMs, bootsMs]: [number[], number[], number[], number[]] = [
    [],
    [],
    [],
    [],
  ];
  const holdfast = ["holdfast", "-n", instanceOf(units)];
  const bare = ["env", `PORT=${BARE_PORT}`, ...environment, "/usr/bin/node", `${RELEASE}/server.js`];
  for (let round = 0; round < ROUNDS; round++) {
    const reloaded = await deploy(container);
    reloadsMs.push(await time(container, address, reloaded, ["systemctl", "reload", units]));
    const version = await deploy(container);
    upgradesMs.push(await time(container, address, version, [...holdfast, "upgrade"]));
    commandsMs.push(await run(container, [TIMER, ...holdfast, "history"]));
    bootsMs.push(await time(container, `127.0.0.1:${BARE_PORT}`, version, bare));
  }
  const bootMs = median(bootsMs);
  const commandMs = median(commandsMs);
  return [
    {
      what: `systemctl reload to the new version's first response, beyond its bare boot: ${app}, ${ROUNDS} rounds`,
      figure: `${(median(reloadsMs) - bootMs).toFixed(0)} ms`,
      goal: "40 ms or less",
    },
    { what: "  in time", figure: describe(reloadsMs, bootMs) },
    {
      what: "holdfast upgrade to the same, beyond that boot and a command that changes nothing",
      figure: `${(median(upgradesMs) - bootMs - commandMs).toFixed(0)} ms`,
      goal: "40 ms or less",
    },
    { what: "  in time", figure: `${describe(upgradesMs, bootMs)}; the command ${commandMs.toFixed(0)} ms` },
  ];
}

function describe(timesMs: readonly number[], bootMs: number): string {
  const spread = `${Math.min(...timesMs).toFixed(0)} to ${Math.max(...timesMs).toFixed(0)}`;
  const ratio = (median(timesMs) / bootMs).toFixed(2);
  return `${median(timesMs).toFixed(0)} (${spread}) and ${bootMs.toFixed(0)} ms, ${ratio} times`;
}

/** From `holdfast commit` of a version that stands by to its first response, against the command alone: one that changes nothing. */
export async function measureStagedCommit(container: Container): Promise<Row[]> {
  const [commitsMs, commandsMs]: [number[], number[]] = [[], []];
  const { units, address } = NATIVE;
  const holdfast = ["holdfast", "-n", instanceOf(units)];
  for (let round = 0; round < ROUNDS; round++) {
    const version = await deploy(container);
    await container.sh([...holdfast, "upgrade", "--stage"].join(" "));
    commandsMs.push(await run(container, [TIMER, ...holdfast, "history"]));
    commitsMs.push(await time(container, address, version, [...holdfast, "commit"]));
  }
  return [
    {
      what: `holdfast commit of a staged version to its first response, beyond the command itself, ${ROUNDS} rounds`,
      figure: `${(median(commitsMs) - median(commandsMs)).toFixed(0)} ms`,
      goal: "less than 20 ms",
    },
    { what: "  in time", figure: `${median(commitsMs).toFixed(0)} and ${median(commandsMs).toFixed(0)} ms` },
  ];
}

function time(
  container: Container,
  address: string,
  version: string,
  command: readonly string[],
): Promise<number> {
  return run(container, [PROGRAM, address, version, ...command]);
}

async function run(container: Container, program: readonly string[]): Promise<number> {
  const { code, stdout, stderr } = await container.exec(["/usr/bin/node", ...program]);
  if (code === 0) return Number(stdout);
  throw new HarnessError("first-response", `cannot time ${program.slice(1).join(" ")}: ${stderr}`);
}
