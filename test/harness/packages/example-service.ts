import assert from "node:assert/strict";
import * as v from "valibot";
import type { StatusReport } from "../../../src/control/port.js";
import { statusReply } from "../../../src/control/replies.js";
import type { Container } from "../container/container.js";
import { DEADLINE_MS, waitUntil } from "../container/wait-until.js";
import { countLost, type LoadReport } from "../load/report.js";
import { startLoad } from "../load/start-load.js";
import { settled } from "../service/ask-status.js";
import { assertNothingMissed, startTalk } from "../service/start-talk.js";
import { assertNothingLost, assertNothingReopened } from "../service/under-load.js";
import type { Example } from "./build-example.js";

const ADDRESSES: Record<Example, string> = { chat: "127.0.0.1:8085", wsgi: "127.0.0.1:8086" };
/** Few: two services at a time are asked, on whatever machine. */
const LOAD = { keepAlive: 4, freshPerSecond: 20, slow: 1, slowMs: 200, pauseMs: 50 };
/** Two in a room. */
const TALKERS = 20;
const ENOUGH = 2;

/** The service of an example's package. */
export class ExampleService {
  readonly container: Container;
  readonly example: Example;
  readonly name: string;
  readonly unit: string;
  readonly socketUnit: string;

  constructor(container: Container, example: Example) {
    this.container = container;
    this.example = example;
    this.name = `example-${example}`;
    this.unit = `${this.name}.service`;
    this.socketUnit = `${this.name}.socket`;
  }

  get address(): string {
    return ADDRESSES[this.example];
  }

  /** The version that answers, once it is the only one. */
  async answer(): Promise<string> {
    await this.settled();
    return this.ask();
  }

  /** The version that happens to answer. */
  ask(): Promise<string> {
    return this.container.sh(`curl -sS http://${this.address}/`);
  }

  show(property: string): Promise<string> {
    return this.container.show(this.unit, property);
  }

  /** `holdfast status --json`, and its exit status. */
  async status(): Promise<{ readonly code: number | null; readonly report: StatusReport }> {
    const { code, stdout } = await this.container.exec(["holdfast", "-n", this.name, "status", "--json"]);
    return { code, report: v.parse(statusReply, JSON.parse(stdout)) };
  }

  /** Of its state file. */
  async stateFormat(): Promise<number> {
    const state = `/var/lib/holdfast/${this.name}/state.json`;
    return Number(await this.container.sh(`grep -o '^{"format":[0-9]*' ${state} | cut -d: -f2`));
  }

  /** Once there is only the active generation. */
  settled(): Promise<StatusReport> {
    return settled(this.container, this.name);
  }
}

/** Kills a worker, and returns when there is another one. */
export async function crashWorker(service: ExampleService): Promise<void> {
  const pid = (await service.settled()).generations[0]?.workers[0]?.pid;
  await service.container.sh(`kill -KILL ${pid}`);
  await waitUntil("another worker", DEADLINE_MS, async () => {
    const [worker] = (await service.settled()).generations[0]?.workers ?? [];
    return worker?.phase === "ready" && worker.pid !== pid;
  });
}

/**
 * Runs `event` while clients that never retry ask both services. None loses a request. The chat's connections, HTTP and WebSocket,
 * are the same ones afterwards, and each message has been heard once and in order.
 */
export async function undisturbed(
  container: Container,
  event: () => Promise<unknown>,
): Promise<Record<Example, LoadReport>> {
  const chat = new ExampleService(container, "chat");
  const wsgi = new ExampleService(container, "wsgi");
  await using talk = await startTalk(
    container,
    { app: "chat", address: chat.address, connections: TALKERS, numbered: true },
    await chat.answer(),
  );
  await using asked = await startLoad(container, { ...LOAD, address: chat.address });
  await using load = await startLoad(container, { ...LOAD, address: wsgi.address });
  await event();
  await Promise.all([chat.settled(), wsgi.settled()]);
  await talk.waitForVersion(await chat.answer());
  await Promise.all([asked.waitForMore(ENOUGH), load.waitForMore(ENOUGH)]);
  const [said, reports] = await Promise.all([talk.stop(), Promise.all([asked.stop(), load.stop()])]);
  assertNothingMissed(said, TALKERS);
  assertNothingReopened(reports[0], LOAD.keepAlive);
  assertNothingLost(reports[1]);
  return { chat: reports[0], wsgi: reports[1] };
}

/** The same for what cuts the chat's WebSockets: of the requests none is lost, but connections may be closed between them. */
export async function losingConnections(
  container: Container,
  event: () => Promise<unknown>,
): Promise<Record<Example, LoadReport>> {
  const services = [new ExampleService(container, "chat"), new ExampleService(container, "wsgi")] as const;
  await using chat = await startLoad(container, { ...LOAD, address: services[0].address });
  await using wsgi = await startLoad(container, { ...LOAD, address: services[1].address });
  await event();
  await Promise.all(services.map((service) => service.settled()));
  await Promise.all([chat.waitForMore(ENOUGH), wsgi.waitForMore(ENOUGH)]);
  const reports = { chat: await chat.stop(), wsgi: await wsgi.stop() };
  for (const report of [reports.chat, reports.wsgi])
    assert.equal(countLost(report), 0, JSON.stringify(report));
  return reports;
}

/** Which versions answered, in the order of their first response. */
export function versionsIn({ versions }: LoadReport): readonly string[] {
  return Object.entries(versions)
    .sort(([, one], [, other]) => one.firstMs - other.firstMs)
    .map(([version]) => version);
}

export async function assertAnswers(container: Container, version: string): Promise<void> {
  for (const example of ["chat", "wsgi"] as const) {
    assert.equal(await new ExampleService(container, example).answer(), version, example);
  }
}
