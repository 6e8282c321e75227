import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import * as v from "valibot";
import { printable } from "../../src/lib/printable.js";
import { pathInCheckout } from "../harness/container/checkout.js";
import { Rig } from "../harness/process/rig.js";

const example = (name: string): string => pathInCheckout("examples", "hooks", name);
const secret = "Bearer 0123456789";

/** What a daemon might tell of an app that wants more than to be told of. */
const spiteful = {
  name: "web",
  event: "rejected",
  upgrade: 12,
  kind: "upgrade",
  generation: 9,
  to: 8,
  failure: {
    reason: "trial-failed",
    message: 'worker 9.0: <!channel> "no"\nBcc: all@example.org\n.\n\u001b[31m & \u202ega',
  },
  version: "1\nBcc: all@example.org",
  at: "2026-11-28T16:12:16.031Z",
};

const happening = v.object({ name: v.string(), event: v.string(), generation: v.number() });

/** Runs an example as a hook is run, with nothing of what the tests have in their environment. */
async function tell(argv: readonly string[], env: Record<string, string> = {}): Promise<void> {
  const [program = "", ...args] = argv;
  const running = promisify(execFile)(program, args, { env: { PATH: process.env["PATH"], ...env } });
  // One that fails at once reads nothing.
  running.child.stdin?.on("error", () => {}).end(`${JSON.stringify(spiteful)}\n`);
  await running;
}

/** Has a failing upgrade told by these hooks, of the daemon's own. */
async function failUpgrade(rig: Rig, argv: readonly string[], environment = ""): Promise<void> {
  rig.configure(`[hooks]\nupgrade-failed = ${JSON.stringify(argv)}\n${environment}`);
  await rig.manager.startReady();
  rig.release({ version: "2", boot: "crash" });
  assert.notEqual((await rig.upgrade()).failure, null);
}

interface Posted {
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** Of all processes that ran meanwhile. */
  readonly commandLines: string;
}

/** A chat's end of a webhook; `address` is a file that curl reads. */
async function receive(context: TestContext, rig: Rig) {
  const server = createServer().listen(0, "127.0.0.1");
  context.after(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const address = join(rig.directory, "webhook");
  const lines = [`url = "http://127.0.0.1:${port}/services/1"`, `header = "Authorization: ${secret}"`];
  writeFileSync(address, `${lines.join("\n")}\n`);
  const posted = (async (): Promise<Posted> => {
    const [request, response] = await once(server, "request");
    let body = "";
    for await (const chunk of request) body += chunk;
    const commandLines = readCommandLines();
    response.end("ok");
    return { headers: request.headers, body, commandLines };
  })();
  return { address, posted };
}

function readCommandLines(): string {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(commandLineOf).join("\n");
}

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

/** A sendmail that keeps what it is given. */
function placeSendmail(rig: Rig): string {
  const program = join(rig.directory, "sendmail");
  writeFileSync(
    program,
    `#!/bin/sh\n{ echo "$@"; cat; } > ${rig.directory}/mail.part\nmv ${rig.directory}/mail.part ${rig.directory}/mail\n`,
  );
  chmodSync(program, 0o755);
  return program;
}

interface Mail {
  readonly args: string;
  readonly headers: readonly string[];
  readonly text: string;
}

function readMail(rig: Rig): Mail {
  const [head = "", body = ""] = readFileSync(join(rig.directory, "mail"), "utf8").split("\n\n");
  const [args = "", ...headers] = head.split("\n");
  return { args, headers, text: Buffer.from(body, "base64").toString("utf8") };
}

const exists = (rig: Rig, file: string): boolean => readdirSync(rig.directory).includes(file);

test("the webhook tells a chat of a failed upgrade, and its secret is on no command line", async (context) => {
  await using rig = new Rig();
  const { address, posted } = await receive(context, rig);
  await failUpgrade(rig, [example("webhook"), "slack", address]);
  const { headers, body, commandLines } = await posted;
  assert.deepEqual([headers["content-type"], headers.authorization], ["application/json", secret]);
  const { text } = v.parse(v.strictObject({ text: v.string() }), JSON.parse(body));
  assert.match(
    text,
    new RegExp(`^${rig.name}: upgrade-failed \\(generation 2, version .*worker 2\\.0 exited`),
  );
  assert.match(commandLines, /curl/);
  assert.doesNotMatch(commandLines, /0123456789|services\/1/);
});

test("the webhook finds its secret among the unit's credentials, and fails where the chat refuses", async (context) => {
  await using rig = new Rig();
  const { posted } = await receive(context, rig);
  await tell([example("webhook"), "slack"], { CREDENTIALS_DIRECTORY: rig.directory });
  assert.equal((await posted).headers.authorization, secret);
  await assert.rejects(tell([example("webhook"), "slack"]), /CREDENTIALS_DIRECTORY/);
  writeFileSync(join(rig.directory, "webhook"), 'url = "http://127.0.0.1:1/"\n');
  await assert.rejects(
    tell([example("webhook"), "slack", join(rig.directory, "webhook")]),
    /code 7|connect/i,
  );
});

const { message } = spiteful.failure;
const inSlack = message.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

for (const [shape, pick] of [
  [
    "slack",
    v.pipe(
      v.strictObject({ text: v.string() }),
      v.transform(({ text }) => text),
    ),
  ],
  [
    "teams",
    v.pipe(
      v.object({
        attachments: v.tuple([
          v.object({ content: v.object({ body: v.tuple([v.object({ text: v.string() })]) }) }),
        ]),
      }),
      v.transform(({ attachments: [{ content }] }) => content.body[0].text),
    ),
  ],
  [
    "discord",
    v.pipe(
      v.object({ content: v.string(), allowed_mentions: v.object({ parse: v.tuple([]) }) }),
      v.transform(({ content }) => content),
    ),
  ],
] as const) {
  test(`whatever an app says, the webhook's JSON for ${shape} is that of one message`, async (context) => {
    await using rig = new Rig();
    const { address, posted } = await receive(context, rig);
    await tell([example("webhook"), shape, address]);
    const text: string = v.parse(pick, JSON.parse((await posted).body));
    assert.ok(text.endsWith(`): ${shape === "slack" ? inSlack : message}`), text);
  });
}

test("mail tells of a failed upgrade by sendmail", async () => {
  await using rig = new Rig();
  const environment = `[environment]\nSENDMAIL = ${JSON.stringify(placeSendmail(rig))}\n`;
  await failUpgrade(rig, [example("mail"), "ops@example.org", "root"], environment);
  await rig.manager.waitFor("the mail", () => exists(rig, "mail"));
  const { args, headers, text } = readMail(rig);
  assert.equal(args, "-i -- ops@example.org root");
  assert.ok(headers.includes(`Subject: ${rig.name}: upgrade-failed, generation 2`), headers.join("\n"));
  assert.match(text, /worker 2\.0 exited with status .* before it was ready\n/);
  assert.match(text, /^reason: worker-exited$/m);
});

test("whatever an app says, mail has its own headers, and a text that steers no terminal", async () => {
  await using rig = new Rig();
  await tell([example("mail"), "root"], { SENDMAIL: placeSendmail(rig) });
  const { headers, text } = readMail(rig);
  const names = headers.map((line) => line.split(":")[0]);
  const fixed = ["Auto-Submitted", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"];
  assert.deepEqual(names, ["To", "Subject", ...fixed]);
  assert.match(text, /^version: 1 Bcc: all@example\.org$/m);
  assert.equal(text, printable(text));
});

test("start-unit leaves each event in its directory, from where it is told once", async () => {
  await using rig = new Rig();
  const environment = `[environment]\nSTATE_DIRECTORY = ${JSON.stringify(rig.directory)}\n`;
  await failUpgrade(rig, [example("start-unit")], environment);
  const directory = join(rig.directory, "hooks");
  await rig.manager.waitFor("the event", () => exists(rig, "hooks") && readdirSync(directory).length === 1);
  const tellAll = (command: string) =>
    promisify(execFile)(example("each-event"), [directory, "/bin/sh", "-c", command]);
  await assert.rejects(tellAll(`cat > ${rig.directory}/told; exit 3`), { code: 3 });
  const told = v.parse(happening, JSON.parse(readFileSync(join(rig.directory, "told"), "utf8")));
  assert.deepEqual(told, { name: rig.name, event: "upgrade-failed", generation: 2 });
  assert.equal((await tellAll("echo again")).stdout, "");
});
