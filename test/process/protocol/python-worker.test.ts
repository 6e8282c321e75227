import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { balance } from "../../harness/process/accounts.js";
import type { LineClient } from "./line-client.js";
import { type Language, LineService } from "./line-service.js";

const connections = 120;

function connectMany(service: LineService): Promise<LineClient[]> {
  return Promise.all(Array.from({ length: connections }, () => service.connect()));
}

/** Talks on all connections until told to stop; each answer must be the one to its line, counted on. */
function talk(clients: readonly LineClient[], spoken: number[]): { stop(): Promise<void> } {
  let going = true;
  const done = clients.map(async (client, index) => {
    while (going) {
      const number = (spoken[index] ?? 0) + 1;
      const text = `line ${number} of ${index}`;
      const { lines, text: echoed } = await client.ask(text);
      assert.deepEqual([lines, echoed], [number, text]);
      spoken[index] = number;
    }
  });
  return {
    stop: async () => {
      going = false;
      await Promise.all(done);
    },
  };
}

/** New clients with one line each, one after the other; `stop` tells how many there were. */
function comeAndGo(service: LineService): { stop(): Promise<number> } {
  let going = true;
  const done = (async () => {
    let count = 0;
    for (; going; count += 1) {
      using client = await service.connect();
      assert.equal((await client.ask("hello")).lines, 1);
    }
    return count;
  })();
  return {
    stop: () => {
      going = false;
      return done;
    },
  };
}

function isNative(service: LineService): Promise<boolean> {
  return service.rig
    .status()
    .then(({ generations }) => generations.every(({ workers }) => workers.every(({ native }) => native)));
}

for (const strategy of ["overlap", "exclusive"] as const) {
  for (const route of [
    ["python", "python"],
    ["node", "python", "node"],
  ] as const satisfies readonly (readonly Language[])[]) {
    test(`connections stay open and go on in the middle of a line: ${route.join(" to ")}, ${strategy}`, async () => {
      await using service = new LineService(2, `strategy = "${strategy}"\nverify = { http = "/healthz" }`);
      service.release("1", route[0]);
      await service.rig.manager.startReady();
      assert.ok(await isNative(service));
      const clients = await connectMany(service);
      const spoken = clients.map(() => 0);
      const halves = await connectMany(service);
      for (const [step, language] of route.slice(1).entries()) {
        const version = String(step + 2);
        service.release(version, language);
        for (const half of halves) half.send("the first ");
        const talking = talk(clients, spoken);
        await service.upgrade();
        await talking.stop();
        assert.ok(await isNative(service));
        for (const half of halves) {
          const { lines, version: by, text } = await half.ask("and the second half");
          assert.deepEqual([lines, by, text], [step + 1, version, "the first and the second half"]);
        }
      }
      assert.ok(spoken.every((count) => count > 0));
      for (const client of [...clients, ...halves]) assert.equal(client.ended, undefined);
      await balance(service.rig);
      for (const client of [...clients, ...halves]) client[Symbol.dispose]();
    });
  }
}

test("with one writer no line is missing in the count, from language to language", async () => {
  await using service = new LineService(1, 'strategy = "exclusive"');
  service.release("1", "node");
  await service.rig.manager.startReady();
  const clients = await connectMany(service);
  const spoken = clients.map(() => 0);
  const talking = talk(clients, spoken);
  const coming = comeAndGo(service);
  for (const [step, language] of (["python", "node", "python", "python"] as const).entries()) {
    service.release(String(step + 2), language);
    await service.upgrade();
  }
  await talking.stop();
  const said = spoken.reduce((sum, count) => sum + count, await coming.stop());
  const { total, version } = await (await service.connect()).ask("how many?");
  assert.deepEqual([total, version], [said + 1, "5"]);
  for (const client of clients) client[Symbol.dispose]();
});

test("a candidate that stands by never accepts, and answers the verification all the same", async () => {
  await using service = new LineService(
    1,
    'verify = { http = "/healthz", timeout = "20s" }\nsnapshot = "off"',
  );
  service.release("1", "python");
  await service.rig.manager.startReady();
  service.release("2", "python", ["gate"]);
  const upgrade = service.rig.upgrade();
  await service.rig.until("a candidate that is verified", ({ generations }) =>
    generations.some(({ detail }) => detail === "is being verified"),
  );
  for (let asked = 0; asked < 100; asked += 1) assert.equal((await service.rig.ask()).version, "1");
  const { generations } = await service.rig.status();
  const candidate = generations.find(({ phase }) => phase === "candidate")?.workers[0];
  assert.deepEqual(
    candidate?.servers.map(({ listener, counters }) => [listener, counters.accepted]),
    [
      ["http", 0],
      ["lines", 0],
    ],
  );
  rmSync(join(service.directory, "version-2", "gate"));
  assert.equal((await upgrade).failure, null);
  await service.rig.settled();
  assert.equal((await service.rig.ask()).version, "2");
});

test("a worker that refuses the state is not upgraded to, and nothing has happened to the old one", async () => {
  await using service = new LineService();
  service.release("1", "node");
  await service.rig.manager.startReady();
  using client = await service.connect();
  await client.ask("one");
  service.release("2", "python", ["refuse-state"]);
  const { failure } = await service.rig.upgrade();
  assert.equal(failure?.reason, "state-refused");
  await service.rig.settled();
  const { lines, version } = await client.ask("two");
  assert.deepEqual([lines, version], [2, "1"]);
});

for (const [from, to] of [
  ["python", "python"],
  ["python", "node"],
] as const satisfies readonly (readonly [Language, Language])[]) {
  test(`an old worker that dies before it says go: its connections go on in the new one, ${from} to ${to}`, async () => {
    await using service = new LineService();
    service.release("1", from, ["die-before-go"]);
    await service.rig.manager.startReady();
    // One batch, all of which is acknowledged when it dies.
    const clients = await Promise.all(Array.from({ length: 40 }, () => service.connect()));
    for (const client of clients) await client.ask("one");
    service.release("2", to);
    await service.upgrade();
    for (const client of clients) {
      const { lines, version } = await client.ask("two");
      assert.deepEqual([lines, version], [2, "2"]);
      client[Symbol.dispose]();
    }
  });
}

test("a new worker that dies before its acknowledgement is read: the old one goes on with its connections", async () => {
  await using service = new LineService();
  service.release("1", "python", ["wait-for-death"]);
  await service.rig.manager.startReady();
  const clients = await Promise.all(Array.from({ length: 40 }, () => service.connect()));
  for (const client of clients) await client.ask("one");
  service.release("2", "python", ["die-after-received"]);
  assert.equal((await service.rig.upgrade()).failure, null);
  await service.rig.until("the crash of the new worker", ({ generations }) =>
    generations.some(({ workers }) => workers.some(({ crashes }) => crashes > 0)),
  );
  for (const client of clients) {
    const { lines, version } = await client.ask("two");
    assert.deepEqual([lines, version], [2, "1"]);
    client[Symbol.dispose]();
  }
});

for (const from of ["python", "node"] as const) {
  test(`a new worker that lives and never acknowledges: the old one takes all back and goes on, ${from} to python`, async () => {
    await using service = new LineService();
    service.release("1", from);
    await service.rig.manager.startReady();
    const clients = await Promise.all(Array.from({ length: 40 }, () => service.connect()));
    for (const client of clients) await client.ask("one");
    service.release("2", "python", ["never-acknowledge"]);
    assert.equal((await service.rig.upgrade()).failure, null);
    const answers = await Promise.all(clients.map((client) => client.ask("two")));
    assert.ok(answers.every(({ lines, version }) => lines === 2 && version === "1"));
    // The old one has them alone: nobody else takes a line of theirs, now or when it ends.
    const [old] = (await service.rig.status()).generations[0]?.workers ?? [];
    assert.ok(old?.pid);
    for (const client of clients) assert.equal((await client.ask("three")).lines, 3);
    process.kill(old.pid, "SIGKILL");
    await service.rig.settled();
    await service.rig.manager.waitFor("all to be closed", () =>
      clients.every(({ ended }) => ended !== undefined),
    );
    assert.equal((await service.rig.ask()).version, "2");
    for (const client of clients) client[Symbol.dispose]();
  });
}

test("a worker of a daemon that was killed hands over at the word of the next one", async () => {
  await using service = new LineService();
  service.release("1", "python");
  await service.rig.manager.startReady();
  using client = await service.connect();
  await client.ask("one");
  await service.rig.manager.kill9();
  await service.rig.manager.startReady();
  assert.equal((await client.ask("two")).version, "1");
  service.release("2", "python");
  await service.upgrade();
  const { lines, version } = await client.ask("three");
  assert.deepEqual([lines, version], [3, "2"]);
});

test("a worker reports what it has: open connections, requests, and what it has moved", async () => {
  await using service = new LineService();
  service.release("1", "python");
  await service.rig.manager.startReady();
  const clients = await connectMany(service);
  for (const client of clients) await client.ask("one");
  const counters = async () => {
    const { generations } = await service.rig.status();
    const servers = generations.flatMap(({ workers }) => workers.flatMap((worker) => worker.servers));
    return servers.find(({ listener }) => listener === "lines")?.counters;
  };
  const before = await counters();
  assert.deepEqual(
    [before?.open, before?.accepted, before?.requests],
    [connections, connections, connections],
  );
  service.release("2", "python");
  await service.upgrade();
  const after = await counters();
  assert.deepEqual([after?.open, after?.accepted, after?.adopted], [connections, 0, connections]);
  for (const client of clients) client[Symbol.dispose]();
});
