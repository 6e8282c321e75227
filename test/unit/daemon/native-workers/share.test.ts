import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Accepted, firstLimit, grant, shareOf } from "../../../../src/daemon/native-workers/share.js";
import { type Bucket, fill, isEmpty, take } from "../../../../src/worker/lifetime/token-bucket.js";
import { Story } from "../../model/story.js";

interface Simulation {
  readonly share: number;
  readonly workers: number;
  /** Connections a second, by second. */
  readonly rates: readonly number[];
  /** How likely one of the new workers gets a connection for which it competes. */
  readonly luck: number;
}

/** What both have accepted, by second. The connections of a second come evenly. */
function simulate({ share, workers, rates, luck }: Simulation, random: () => number): Accepted[] {
  let now: Accepted = { atMs: 0, byNew: 0, byOld: 0 };
  let credit = 0;
  let buckets: Bucket[] = Array.from({ length: workers }, () => ({
    tokens: 1 / workers,
    perSecond: 0,
    atMs: 0,
  }));
  const steps = [now];
  for (const rate of rates) {
    const before = now;
    for (let come = 0; come < rate; come += 1) {
      const atMs = before.atMs + ((come + 1) * 1_000) / rate;
      buckets = buckets.map((bucket) => fill(bucket, atMs));
      const open = buckets.flatMap((bucket, index) => (isEmpty(bucket) ? [] : [index]));
      const winner = random() < luck ? open[Math.floor(random() * open.length)] : undefined;
      if (winner === undefined) now = { ...now, byOld: now.byOld + 1 };
      else {
        now = { ...now, byNew: now.byNew + 1 };
        buckets = buckets.map((bucket, index) => (index === winner ? take(bucket) : bucket));
      }
    }
    now = { ...now, atMs: before.atMs + 1_000 };
    const granted = grant(before, now, { share, credit, workers });
    credit = granted.credit;
    const { now: tokens, perSecond } = granted.order;
    buckets = buckets.map(() => ({ tokens, perSecond, atMs: now.atMs }));
    steps.push(now);
  }
  return steps;
}

/** Between 0 and 1, from a seed. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const shares = fc.constantFrom(0.01, 0.05, 0.1, 0.25);

test("over ten seconds of even traffic the share is within a fifth of what is wanted", () => {
  fc.assert(
    fc.property(
      shares,
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 20, max: 200 }).map((rate) => rate * 10),
      fc.double({ min: 0.5, max: 1, noNaN: true }),
      fc.integer(),
      (share, workers, rate, luck, seed) => {
        // One connection more or less may be all of a fifth where so few are wanted.
        const steps = simulate({ share, workers, rates: Array(14).fill(rate), luck }, generator(seed));
        const [first, last] = [steps[4], steps[14]];
        assert.ok(first !== undefined && last !== undefined);
        const found = shareOf(first, last) ?? 0;
        assert.ok(Math.abs(found - share) <= share / 5 + workers / (10 * rate), `${found}, wanted ${share}`);
      },
    ),
  );
});

test("with few connections the share comes about in the long run, and none of the workers is left out of the rest", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(0.05, 0.1, 0.25),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer(),
      (share, workers, rate, seed) => {
        const steps = simulate(
          { share, workers, rates: Array(2_000).fill(rate), luck: 0.5 },
          generator(seed),
        );
        const last = steps.at(-1);
        assert.ok(last !== undefined && steps[0] !== undefined);
        const found = shareOf(steps[0], last) ?? 0;
        assert.ok(Math.abs(found - share) <= share / 5, `${found}, wanted ${share}`);
      },
    ),
    { numRuns: 30 },
  );
});

test("whatever comes, and however irregularly, the new generation gets no more than its share and what is remembered", () => {
  fc.assert(
    fc.property(
      shares,
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 30 }),
      fc.integer(),
      (share, workers, rates, seed) => {
        const steps = simulate({ share, workers, rates, luck: 1 }, generator(seed));
        const last = steps.at(-1);
        assert.ok(last !== undefined);
        const most = Math.max(...rates);
        assert.ok(last.byNew <= share * (last.byNew + last.byOld) + share * most * 5 + 3 * workers);
      },
    ),
  );
});

test("there is no share of nothing", () => {
  const at = { atMs: 0, byNew: 3, byOld: 4 };
  assert.equal(shareOf(at, { ...at, atMs: 1_000 }), null);
  assert.equal(shareOf(at, { atMs: 1_000, byNew: 4, byOld: 7 }), 0.25);
});

test("only who is on trial begins with a limit; one that takes a place in the held generation has none", () => {
  const story = new Story().start().speak(1).request();
  story
    .candidate({ trial: { timeMs: 60_000, share: 0.1 } })
    .speak(2)
    .allReady();
  story.send({ type: "verified", generation: 2, failure: null, noWayBack: null });
  assert.equal(story.generation(1).stage.phase, "held");
  assert.equal(firstLimit(story.state, { generation: 2, index: 0 })?.now, 1 / 2);
  assert.equal(firstLimit(story.state, { generation: 1, index: 2 }), undefined);
});
