import assert from "node:assert/strict";
import { ftruncateSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { closeFd } from "../../../../src/linux/fd.js";
import { openSocketPair } from "../../../../src/linux/socket-pair.js";
import {
  packValues,
  type SavedValues,
  saveValues,
  stateLimitBytes,
  takeValues,
  unpackValues,
} from "../../../../src/worker/app-state/saved-values.js";
import { type AnyState, eraseType } from "../../../../src/worker/app-state/state-definition.js";
import { Counter } from "./sample.js";

function saved(...states: AnyState[]): SavedValues {
  const result = saveValues(states);
  assert.ok(result.ok);
  return result.value;
}

function byName(...states: AnyState[]): ReadonlyMap<string, AnyState> {
  return new Map(states.map((state) => [state.name, state]));
}

test("whatever JSON can carry comes out as it went in, over a memfd", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { maxLength: 5 }), (values) => {
      const given = values.map((value, at) =>
        eraseType({ name: `s${at}`, version: at, initial() {}, save: () => value, restore() {} }),
      );
      const { entries, bytes } = saved(...given);
      const fd = packValues(bytes);
      const got: unknown[] = [];
      const takers = values.map((_, at) =>
        eraseType<unknown>({
          name: `s${at}`,
          version: at,
          initial() {},
          save: () => null,
          restore: (value) => got.push(value),
        }),
      );
      const arrived = unpackValues(entries, fd);
      closeFd(fd);
      assert.ok(arrived !== undefined);
      assert.deepEqual(takeValues(byName(...takers), arrived), { ok: true, value: undefined });
      assert.deepEqual(got, JSON.parse(JSON.stringify(values)));
    }),
  );
});

test("a value of another version goes through migrate, up and down", () => {
  const old = new Counter();
  old.value = 7;
  for (const [from, to] of [
    [1, 2],
    [2, 1],
  ] as const) {
    const next = new Counter();
    const taker = next.state({
      version: to,
      migrate: (value, version) => {
        next.migrations.push(version);
        return Number(value) * 10;
      },
    });
    assert.equal(takeValues(byName(taker), saved(old.state({ version: from }))).ok, true);
    assert.deepEqual([next.value, next.migrations], [70, [from]]);
  }
});

test("a value of another version without a way to read it is refused by name, and the app keeps its own", () => {
  const old = new Counter();
  const next = new Counter();
  next.value = 5;
  const taken = takeValues(byName(next.state({ version: 2 })), saved(old.state()));
  assert.equal(taken.ok, false);
  assert.match(taken.ok ? "" : taken.failure.message, /the state count: version 1 cannot be read/);
  assert.equal(next.value, 5);
});

test("a restore that throws is a refusal that names the state and says why", () => {
  const taken = takeValues(
    byName(
      new Counter().state({
        restore: () => {
          throw new Error("too old for me");
        },
      }),
    ),
    saved(new Counter().state()),
  );
  assert.match(taken.ok ? "" : taken.failure.message, /cannot restore the state count: too old for me/);
});

test("a single flipped byte is found, and the value is not taken", () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const old = new Counter();
      old.value = 123_456_789;
      const { entries, bytes } = saved(old.state());
      const damaged = Buffer.from(bytes);
      const place = at % damaged.length;
      damaged[place] = (damaged[place] ?? 0) ^ flip;
      const next = new Counter();
      const taken = takeValues(byName(next.state()), { entries, bytes: damaged });
      assert.equal(taken.ok ? "" : taken.failure.reason, "state-damaged");
      assert.equal(next.value, -1);
    }),
  );
});

test("an app that has dropped a state leaves it, and one with a new state keeps its own", () => {
  const [a, b] = [new Counter(), new Counter()];
  a.value = 1;
  b.value = 2;
  const given = saved(a.state({ name: "a" }), b.state({ name: "b" }));
  const [c, d] = [new Counter(), new Counter()];
  assert.equal(takeValues(byName(c.state({ name: "b" }), d.state({ name: "new" })), given).ok, true);
  assert.deepEqual([c.value, d.value], [2, -1]);
});

test("a save that throws, returns nothing, or what is no JSON, is a failure that names the state", () => {
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  const saves: readonly (readonly [() => unknown, RegExp])[] = [
    [
      () => {
        throw new Error("not now");
      },
      /the state bad: not now/,
    ],
    [() => undefined, /the state bad: save\(\) returned nothing/],
    [() => () => {}, /the state bad: save\(\) returned nothing/],
    [() => 1n, /the state bad: .*BigInt/],
    [() => circular, /the state bad: .*circular/],
    [() => ({ users: new Map() }), /the state bad: the value\.users \(a Map\) cannot be written as JSON/],
    [() => [1, Number.NaN], /the state bad: the value\.1 \(NaN\) cannot be written as JSON/],
  ];
  for (const [save, why] of saves) {
    const bad = eraseType({ name: "bad", version: 1, initial() {}, save, restore() {} });
    const result = saveValues([new Counter().state(), bad]);
    assert.match(result.ok ? "" : result.failure.message, why);
  }
});

test("values over the limit are a failure that names the state and the limit", () => {
  const text = "x".repeat(stateLimitBytes);
  const large = eraseType({ name: "large", version: 1, initial() {}, save: () => text, restore() {} });
  const result = saveValues([large]);
  assert.match(result.ok ? "" : result.failure.message, /the state large: over 67108864 bytes/);
});

test("an fd that does not hold what the entries say is not read", () => {
  const { entries, bytes } = saved(new Counter().state());
  const fd = packValues(bytes);
  ftruncateSync(fd, bytes.length + 1);
  assert.equal(unpackValues(entries, fd), undefined);
  ftruncateSync(fd, bytes.length - 1);
  assert.equal(unpackValues(entries, fd), undefined);
  const ends = openSocketPair("stream");
  assert.equal(unpackValues(entries, ends[0]), undefined);
  for (const end of [fd, ...ends]) closeFd(end);
});

test("entries that promise more than the limit are not allocated", () => {
  const fd = packValues(Buffer.alloc(0));
  ftruncateSync(fd, stateLimitBytes + 1);
  const entry = { name: "huge", version: 1, bytes: stateLimitBytes + 1, sha256: "0".repeat(64) };
  assert.equal(unpackValues([entry], fd), undefined);
  closeFd(fd);
});
