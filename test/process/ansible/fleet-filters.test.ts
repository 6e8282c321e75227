import assert from "node:assert/strict";
import { test } from "node:test";
import { callFilters } from "../../harness/process/ansible-module.js";

const hosts = ["a", "b", "c", "d"];

test("batches are as large as they are written, and what is no size is refused by its name", async () => {
  const sizes: readonly (readonly [serial: unknown, batches: number | string])[] = [
    [1, 4],
    ["50%", 2],
    [[1, "100%"], 2],
    [[1, "0.1 %", 2], 3],
    [[9], 1],
    [[], "holdfast_serial: [] has no batch"],
    ["some", "holdfast_serial: some is neither a number of hosts nor a percentage"],
    [[4, "10per"], "holdfast_serial: 10per is neither a number of hosts nor a percentage"],
    [0, "holdfast_serial: 0 is neither a number of hosts nor a percentage"],
    ["0%", "holdfast_serial: 0% is neither a number of hosts nor a percentage"],
    [-1, "holdfast_serial: -1 is neither a number of hosts nor a percentage"],
    ["", "holdfast_serial: '' is neither a number of hosts nor a percentage"],
  ];
  assert.deepEqual(
    await callFilters(sizes.map(([serial]) => ["batch_count", hosts, serial] as const)),
    sizes.map(([, batches]) => batches),
  );
});

test("a lock is good for twice what all hosts may take by the forks that there are, and for no less than is wanted", async () => {
  const none = { a: {}, b: {}, c: {}, d: {} };
  const slow = { ...none, b: { holdfast_timeout: "1h" }, c: { holdfast_timeout: "soon" } };
  assert.deepEqual(
    await callFilters([
      ["lock_age", hosts, none, 5, 0, 3600],
      ["lock_age", hosts, none, 1, 60, "3600"],
      ["lock_age", ["a", "b"], slow, 1, 0.5, 3600],
      ["lock_age", hosts, slow, 1, 0, 3600],
    ]),
    [
      3600,
      2 * (4 * 600 + 60),
      2 * 2 * 3600 + 1,
      'holdfast_timeout: cannot read the timeout "soon": write it as in 30s or 1m 30s',
    ],
  );
});

test("the spread is that of the hosts that have changed, as Ansible of each version writes that one has not", async () => {
  const at = (holdfast_committed_at?: unknown) => ({ holdfast_committed_at });
  assert.deepEqual(
    await callFilters([
      ["spread", hosts, { a: at("100.25"), b: at(""), c: at(null), d: at(100.5) }],
      ["spread", hosts, { a: {}, b: at(""), c: at(null), d: {} }],
    ]),
    [250, null],
  );
});

test("a host that has another release than the first that was to have the same is found, and no other", async () => {
  const has = (asked: string, name: string, contents: string, holdfast_roll_result = "done") => ({
    holdfast_given: { asked, name, contents },
    holdfast_roll_result,
  });
  const [same, failed] = [has("web", "1", "x"), has("web", "2", "y", "failed")];
  const strays = (b: object, c: object) => ["strays", hosts, { a: same, b, c, d: {} }] as const;
  assert.deepEqual(
    await callFilters([
      strays(same, has("web", "1", "")),
      strays(failed, has("arm", "2", "y")),
      strays(has("web", "2", "x", "staged"), has("web", "1", "y")),
    ]),
    [
      [],
      [],
      [
        { host: "b", why: "it has got 2, and a 1: what holdfast_release names has changed" },
        {
          host: "c",
          why: "what is called 1 there is not what it is on a: what holdfast_release names has changed, or a release of that name was there already",
        },
      ],
    ],
  );
});
