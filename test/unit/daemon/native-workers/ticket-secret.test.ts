import assert from "node:assert/strict";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { TicketSecret, ticketSecretLifeMs } from "../../../../src/daemon/native-workers/ticket-secret.js";

let directory = "";
let file = "";
let warnings: string[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "holdfast-secret-"));
  file = join(directory, "tickets.key");
  warnings = [];
});
afterEach(() => rmSync(directory, { recursive: true }));

function load(): TicketSecret {
  return new TicketSecret(directory, (warning) => warnings.push(warning));
}

test("the secret outlives the daemon, in a file that only its user may read", () => {
  const { text } = load();
  assert.equal(Buffer.from(text, "base64").length, 48);
  assert.equal(load().text, text);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual([readdirSync(directory), warnings], [["tickets.key"], []]);
});

const hourMs = 60 * 60 * 1000;

function dateFile(ms: number): void {
  utimesSync(file, new Date(ms), new Date(ms));
}

/** What a daemon that starts now tells its workers at once. */
function tellAtStart(): readonly string[] {
  const told: string[] = [];
  const secret = load();
  secret.follow(() => told.push(secret.text));
  secret.stop();
  return told;
}

test("each daemon tells the secret when it starts: the one before may have died before it had told all of them", () => {
  const { text } = load();
  assert.deepEqual([tellAtStart(), tellAtStart()], [[text], [text]]);
});

for (const [when, madeAt] of [
  ["a day ago", () => Date.now() - ticketSecretLifeMs],
  ["in the future, by a clock that was set back", () => Date.now() + hourMs],
] as const) {
  test(`a secret that was made ${when} is renewed at the next start, is told, and is kept`, () => {
    const { text } = load();
    dateFile(madeAt());
    const [told, ...more] = tellAtStart();
    assert.notEqual(told, text);
    assert.deepEqual(more, []);
    assert.deepEqual(tellAtStart(), [told]);
  });
}

test("a daemon that is started again and again renews the secret when a day has passed since it was made", (t) => {
  const { text } = load();
  const madeAt = Date.now() - ticketSecretLifeMs + hourMs;
  dateFile(madeAt);
  assert.deepEqual(tellAtStart(), [text]);
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.now() });
  const told: string[] = [];
  const secret = load();
  secret.follow(() => told.push(secret.text));
  t.mock.timers.tick(hourMs / 2);
  assert.deepEqual(told, [text]);
  t.mock.timers.tick(hourMs / 2 + 1000);
  assert.equal(told.length, 2);
  assert.notEqual(told[1], text);
  t.mock.timers.tick(ticketSecretLifeMs + 1000);
  assert.equal(new Set(told).size, 3);
  secret.stop();
});

const untrusted: readonly { readonly what: string; readonly spoil: () => void }[] = [
  { what: "too short", spoil: () => writeFileSync(file, readFileSync(file).subarray(1)) },
  { what: "too long", spoil: () => writeFileSync(file, Buffer.alloc(49)) },
  { what: "readable by others", spoil: () => chmodSync(file, 0o640) },
  {
    what: "a symbolic link",
    spoil: () => {
      rmSync(file);
      symlinkSync(join(directory, "elsewhere"), file);
    },
  },
];

for (const { what, spoil } of untrusted) {
  test(`a file that is ${what} is not used but replaced, with a warning that does not tell the secret`, () => {
    const { text } = load();
    spoil();
    const next = load().text;
    assert.notEqual(next, text);
    assert.equal(warnings.length, 1);
    assert.equal(
      [text, next].some((secret) => warnings[0]?.includes(secret)),
      false,
    );
    assert.equal(load().text, next);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });
}

test("a secret that cannot be written down is used all the same", () => {
  const blocked = join(directory, "blocked");
  writeFileSync(blocked, "");
  const secret = new TicketSecret(blocked, (warning) => warnings.push(warning));
  assert.equal(Buffer.from(secret.text, "base64").length, 48);
  assert.match(warnings.at(-1) ?? "", /cannot write/);
});
