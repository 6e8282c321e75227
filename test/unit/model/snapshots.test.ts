import assert from "node:assert/strict";
import { test } from "node:test";
import { succeed } from "../../../src/lib/failure.js";
import { copied, failure, notCopied, prepared, specify } from "./sample.js";
import { ids, on, startAgain, upgradeTo } from "./snapshot-story.js";
import { Story } from "./story.js";

test("the release is copied first, then checked, then started, and the version is that of the copy", () => {
  const story = new Story().start().request();
  story.send(prepared(2, specify({ ...on, check: ["check"] })));
  assert.deepEqual(story.did("make-snapshot"), [
    { type: "make-snapshot", snapshot: 2, base: null, asIs: false },
  ]);
  assert.deepEqual([...story.did("check"), ...story.did("spawn")], []);
  assert.deepEqual(ids(story), [[2, "making"]]);
  story.send(copied(2, "f", "1.2.3"));
  assert.deepEqual(story.did("check"), [{ type: "check", generation: 2 }]);
  assert.equal(story.generation(2).version, "1.2.3");
  story.send({ type: "checked", generation: 2, failure: null }).spawnAll().allReady();
  assert.deepEqual([story.active, story.generation(2).snapshot], [2, 2]);
});

test("a copy that fails aborts the upgrade, and what there is of it is removed", () => {
  const story = new Story()
    .start()
    .request()
    .send(prepared(2, specify(on)));
  story.send(notCopied(2, "snapshot-no-space"));
  assert.equal(story.lastOutcome?.failure?.reason, "snapshot-no-space");
  assert.equal(story.active, 1);
  assert.deepEqual(story.did("remove-snapshot"), [{ type: "remove-snapshot", snapshot: 2 }]);
  story.send({ type: "snapshot-removed", snapshot: 2, result: succeed([]) });
  assert.deepEqual(ids(story), []);
});

test("a copy that takes too long is dropped, and its late result changes nothing", () => {
  const story = new Story()
    .start()
    .request()
    .send(prepared(2, specify(on)))
    .after(600_000);
  assert.equal(story.lastOutcome?.failure?.reason, "snapshot-timeout");
  assert.equal(story.did("remove-snapshot").length, 1);
  story.send(copied(2));
  assert.deepEqual(ids(story), [[2, "removing"]]);
});

test("as many snapshots are kept as can be returned to, and none that runs is removed", () => {
  const story = new Story().start({ ...on, release: "/1", keep: 2 });
  for (const release of ["/2", "/3", "/4", "/5"]) upgradeTo(story, release, { keep: 2 });
  assert.deepEqual(
    ids(story).filter(([, phase]) => phase === "ready"),
    [
      [3, "ready"],
      [4, "ready"],
      [5, "ready"],
    ],
  );
  // Generation 5 drains on and on, and is no longer among those that are kept.
  for (const release of ["/6", "/7", "/8", "/9"]) {
    story
      .request()
      .candidate({ ...on, release, keep: 2 })
      .allReady();
    if (story.active !== 6) story.end((story.active ?? 0) - 1);
  }
  assert.deepEqual(story.state.snapshots.find(({ id }) => id === 5)?.phase, "ready");
  story.end(5);
  assert.deepEqual(story.did("remove-snapshot"), [{ type: "remove-snapshot", snapshot: 5 }]);
});

test("a rollback starts the old snapshot again, and copies nothing", () => {
  const story = upgradeTo(new Story().start({ ...on, release: "/1" }), "/2").request("rollback");
  assert.equal(story.did("prepare")[0]?.again?.snapshot, 1);
  story.candidate({ ...on, release: "/1" });
  assert.deepEqual(
    [story.generation(3).snapshot, ids(story)],
    [
      1,
      [
        [1, "ready"],
        [2, "ready"],
      ],
    ],
  );
  story.allReady().end(2);
  assert.equal(story.active, 3);
  // And back: by the number of the generation that made the snapshot, and by that of one that ran in it.
  story.send({ type: "upgrade-requested", kind: "rollback", to: 2 });
  story
    .candidate({ ...on, release: "/2" })
    .allReady()
    .end(3);
  for (const to of [1, 3]) {
    const again = new Story();
    again.state = story.state;
    again.send({ type: "upgrade-requested", kind: "rollback", to });
    assert.equal(again.did("prepare")[0]?.again?.snapshot, 1, String(to));
  }
});

test("a rollback to a generation that is not kept is refused with those that are", () => {
  const story = upgradeTo(new Story().start({ ...on, release: "/1" }), "/2");
  story.send({ type: "upgrade-requested", kind: "rollback", to: 7 });
  assert.equal(story.lastOutcome?.failure?.reason, "nothing-before");
  assert.match(story.lastOutcome.failure.message, /to generation 7: what can be returned to is 1/);
});

test("a release that was overwritten in place is another one, one that was only started again is not", () => {
  const story = new Story().start({ ...on, release: "/srv" });
  for (const fingerprint of ["/srv", "/srv", "new", "new"]) {
    const id = story.state.nextGeneration;
    story
      .request()
      .send(prepared(id, specify({ ...on, release: "/srv" })))
      .send(copied(id, fingerprint));
    story
      .spawnAll()
      .allReady()
      .end(id - 1);
  }
  assert.deepEqual(
    story.state.retired.map(({ generation }) => generation),
    [3, 4],
  );
  story.request("rollback");
  assert.equal(story.did("prepare")[0]?.again?.snapshot, 3);
});

test("the next daemon makes again what was half made, and removes again what was half removed", () => {
  const making = new Story()
    .start()
    .request()
    .send(prepared(2, specify(on)))
    .die();
  assert.deepEqual(making.did("make-snapshot"), [
    { type: "make-snapshot", snapshot: 2, base: null, asIs: false },
  ]);
  const removing = making.send(notCopied(2, "snapshot-no-space")).die();
  assert.deepEqual(removing.did("remove-snapshot"), [{ type: "remove-snapshot", snapshot: 2 }]);
  removing.send({
    type: "snapshot-removed",
    snapshot: 2,
    result: { ok: false, failure: failure("snapshot-left") },
  });
  assert.deepEqual(ids(removing), [[2, "removing"]]);
});

test("a snapshot that somebody deleted is not waited for: its generation runs in the release, and none returns to it", () => {
  const story = upgradeTo(new Story().start({ ...on, release: "/1" }), "/2");
  story.begin();
  assert.deepEqual([ids(story), story.state.retired, story.generation(2).snapshot], [[], [], null]);
  assert.equal(story.did("announce").filter(({ news }) => news.event === "snapshot-lost").length, 1);
});

test("what is on disk and in no state is removed, and its number is not given again", () => {
  const story = new Story().send({
    type: "recovered",
    alive: [],
    unconnected: [],
    snapshots: [4, 9],
    wanted: true,
  });
  assert.deepEqual(
    story.did("remove-snapshot").map(({ snapshot }) => snapshot),
    [4, 9],
  );
  story.candidate(on);
  assert.equal(story.state.generations[0]?.id, 10);
});

test("left-over workers of a lost state keep all that they may run in, until they have ended", () => {
  const story = new Story().start(on).send({ type: "leave-requested", next: "upgrade" });
  const [active] = story.state.generations;
  assert.ok(active !== undefined);
  story.state = { ...story.state, snapshots: [], generations: [{ ...active, snapshot: null }] };
  const alive = active.workers.flatMap(({ index, run }) =>
    "process" in run ? [{ generation: 1, index, process: run.process }] : [],
  );
  story.send({ type: "recovered", alive, unconnected: [], snapshots: [1, 7], wanted: true });
  assert.deepEqual(ids(story), [
    [1, "unknown"],
    [7, "unknown"],
  ]);
  story.candidate({ ...on, release: "/2" }).allReady();
  assert.deepEqual(story.did("remove-snapshot"), []);
  story.end(1);
  assert.deepEqual(
    story.did("remove-snapshot").map(({ snapshot }) => snapshot),
    [1, 7],
  );
});

test("what an app wrote is looked for at an upgrade, at the end and after a stop, and told once with the line to add", () => {
  const story = new Story().start({ ...on, release: "/1", shared: ["run"] });
  const told = (): string[] =>
    story.did("announce").flatMap(({ news }) => (news.event === "snapshot-written" ? [news.message] : []));
  story.request().send(prepared(2, specify({ ...on, release: "/2" })));
  assert.deepEqual(story.did("inspect-snapshot"), [{ type: "inspect-snapshot", snapshot: 1 }]);
  const written = ["data.db", "uploads"];
  story.send({ type: "snapshot-inspected", snapshot: 1, written });
  assert.match(told().join(), /shared = \["run", "data\.db", "uploads"\]/);
  story.send({ type: "snapshot-inspected", snapshot: 1, written });
  assert.deepEqual(told(), []);
  story.send(copied(2)).spawnAll().allReady().end(1);
  assert.deepEqual(story.did("inspect-snapshot"), [{ type: "inspect-snapshot", snapshot: 1 }]);
  assert.deepEqual(startAgain(story).did("inspect-snapshot"), [{ type: "inspect-snapshot", snapshot: 2 }]);
});

/** An upgrade of the same release, in which nothing has changed. */
function unchanged(story: Story, change = {}): Story {
  const id = story.state.nextGeneration;
  const upgrade = story.state.nextUpgrade;
  story.request().send(prepared(upgrade, specify({ ...on, release: "/srv/one", ...change })));
  const base = story.did("make-snapshot")[0]?.base ?? null;
  story.send(copied(id, String(base), null, base));
  return story.spawnAll().allReady();
}

test("a generation of a release in which nothing has changed runs in the snapshot of the one before, which stays as long as either is there", () => {
  const story = upgradeTo(new Story().start(), "/srv/one", { keep: 1 });
  unchanged(story, { keep: 1 });
  assert.deepEqual([story.active, story.generation(3).snapshot], [3, 2]);
  assert.deepEqual(ids(story), [[2, "ready"]]);
  story.end(2);
  assert.deepEqual(ids(story), [[2, "ready"]]);
  upgradeTo(story, "/srv/two", { keep: 1 });
  assert.deepEqual(ids(story), [
    [2, "ready"],
    [4, "ready"],
  ]);
  story.request("rollback");
  assert.equal(story.did("prepare")[0]?.again?.snapshot, 2);
});

test("the snapshot of another release, of other shared paths, or with something to write in it is none to run in as it is", () => {
  const asIs = (change: object): boolean | undefined => {
    const story = upgradeTo(new Story().start(), "/srv/one");
    story.request().send(prepared(3, specify({ ...on, release: "/srv/one", ...change })));
    return story.did("make-snapshot")[0]?.asIs;
  };
  assert.deepEqual(
    [{}, { release: "/srv/two" }, { shared: ["data"] }, { writable: ["cache"] }, { workers: 5 }].map(asIs),
    [true, false, false, false, true],
  );
});

test("a snapshot that has gone while it was looked at is made after all", () => {
  const story = upgradeTo(new Story().start(), "/srv/one");
  story.request().send(prepared(3, specify({ ...on, release: "/srv/one" })));
  story.send(copied(3, "f", null, 1));
  assert.deepEqual(story.did("make-snapshot"), [{ type: "make-snapshot", snapshot: 3, base: 2, asIs: true }]);
  assert.deepEqual(story.did("spawn"), []);
  story.send(copied(3)).spawnAll().allReady();
  assert.equal(story.generation(3).snapshot, 3);
});
