import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { type ClientHttp2Session, connect, type SecureServerOptions } from "node:http2";
import { Agent, request } from "node:https";
import { test } from "node:test";
import { promisify } from "node:util";
import { deadline } from "../http/deadline.js";
import { Generations } from "./generations.js";

const run = promisify(execFile);

function needs(program: string): { readonly skip: string | false } {
  const found = spawnSync(program, ["--version"]).status === 0;
  return { skip: found ? false : `${program} is not installed` };
}

const curlCases: readonly {
  readonly name: string;
  readonly tls: SecureServerOptions;
  readonly option: string;
}[] = [
  { name: "h2", tls: {}, option: "--http2" },
  { name: "HTTP/1.1", tls: { allowHTTP1: true }, option: "--http1.1" },
];

for (const { name, tls, option } of curlCases) {
  test(`curl, ${name} over TLS: no request fails over many upgrades`, needs("curl"), async () => {
    await using generations = await Generations.open(tls);
    const url = `https://127.0.0.1:${generations.port}/[1-1000]`;
    const output = [
      "--silent",
      "--show-error",
      "--fail",
      "--output",
      "/dev/null",
      "--write-out",
      "%{http_code}\n",
    ];
    const asked = run("curl", ["--insecure", option, ...output, url], { timeout: 60_000 });
    const { stdout } = await generations.upgradeDuring(100, asked);
    assert.equal(stdout.split("\n").filter((code) => code === "200").length, 1000);
    assert.ok(generations.count > 5);
    await generations.drained();
    assert.equal(generations.cut, 0);
  });
}

for (const scheme of ["http", "https"]) {
  const tls = scheme === "http" ? undefined : {};

  test(
    `h2load, ${scheme}: every request that it began before an upgrade succeeds`,
    needs("h2load"),
    async () => {
      await using generations = await Generations.open(tls);
      const url = `${scheme}://127.0.0.1:${generations.port}/`;
      // It does not connect again, and counts what it had yet to begin as failed.
      const load = run("h2load", ["-n", "5000", "-c", "5", "-m", "10", url], { timeout: 60_000 });
      const { stdout } = await generations.upgradeDuring(1_000, load);
      assert.match(stdout, /5000 total, (\d{4}) started, \1 done, \1 succeeded/);
      assert.ok(generations.count > 1);
      await generations.drained();
      assert.equal(generations.cut, 0);
    },
  );

  test(`Node's client, ${scheme}: a request that fails at an upgrade was never taken`, async () => {
    await using generations = await Generations.open(tls);
    const client = new ReconnectingClient(`${scheme}://127.0.0.1:${generations.port}`);
    const asking = Promise.all(Array.from({ length: 10 }, (_, lane) => client.ask(lane, 200)));
    await generations.upgradeDuring(200, asking);
    assert.ok(generations.count > 5);
    assert.equal(client.answered + client.failed.length, 2_000);
    const lost = client.failed.filter((path) => generations.seen.has(path));
    assert.deepEqual(lost, []);
    client.close();
    await generations.drained();
    assert.equal(generations.cut, 0);
  });
}

test("an https.Agent that keeps its connections loses nothing over many upgrades", async () => {
  await using generations = await Generations.open({ allowHTTP1: true });
  const agent = new Agent({ keepAlive: true, maxSockets: 10, rejectUnauthorized: false });
  const lane = async (): Promise<void> => {
    for (let count = 0; count < 100; count += 1) {
      const asked = request({ port: generations.port, host: "127.0.0.1", agent }).end();
      const [response] = await deadline("the response", once(asked, "response"));
      assert.equal(response.statusCode, 200);
      await once(response.resume(), "end");
    }
  };
  await generations.upgradeDuring(200, Promise.all(Array.from({ length: 10 }, lane)));
  agent.destroy();
  await generations.drained();
  assert.equal(generations.requests, 1_000);
});

/** Opens a new session when the one it has was told to end, as an app does. */
class ReconnectingClient {
  readonly failed: string[] = [];
  answered = 0;
  readonly #origin: string;
  #session: ClientHttp2Session | undefined;

  constructor(origin: string) {
    this.#origin = origin;
  }

  async ask(lane: number, times: number): Promise<void> {
    for (let count = 0; count < times; count += 1) {
      const path = `/${lane}/${count}`;
      try {
        const stream = this.#open().request({ ":path": path });
        const length = deadline("the end", readLength(stream));
        if ((await length) === 1_000) this.answered += 1;
        else this.failed.push(path);
      } catch {
        this.failed.push(path);
      }
    }
  }

  close(): void {
    this.#session?.close();
  }

  #open(): ClientHttp2Session {
    if (this.#session !== undefined && !this.#session.closed && !this.#session.destroyed)
      return this.#session;
    const session = connect(this.#origin, { rejectUnauthorized: false });
    session.on("error", () => undefined);
    this.#session = session;
    return session;
  }
}

async function readLength(stream: AsyncIterable<Buffer>): Promise<number> {
  let length = 0;
  for await (const bytes of stream) length += bytes.length;
  return length;
}
