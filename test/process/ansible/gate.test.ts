import assert from "node:assert/strict";
import { test } from "node:test";
import { callFilters } from "../../harness/process/ansible-module.js";

const success = (resultType: string, result: unknown) => ({
  json: { status: "success", data: { resultType, result } },
});
const sample = (value: string, metric = {}) => ({ metric, value: [1_700_000_000.5, value] });
const host = (nth: number) => ({ instance: `web-${nth}:9464` });

/** What Prometheus says (its HTTP API's "Instant queries"), as ansible.builtin.uri returns it, and what the gate makes of it. */
const answers: readonly (readonly [answer: object, refusal: string])[] = [
  [success("vector", [sample("1")]), ""],
  [success("vector", [sample("1", host(1)), sample("0.2", host(2))]), ""],
  [success("scalar", [1_700_000_000.5, "1"]), ""],
  [success("vector", [sample("1", host(1)), sample("0", host(2))]), 'says no: {instance="web-2:9464"} is 0'],
  [success("vector", [sample("NaN")]), "says no: the result is NaN"],
  [success("scalar", [1_700_000_000.5, "0"]), "says no: the result is 0"],
  [success("vector", []), "says no: the query has no result"],
  [
    success(
      "vector",
      [1, 2, 3, 4, 5, 6, 7].map((nth) => sample("0", { nth })),
    ),
    `says no: ${[1, 2, 3, 4, 5].map((nth) => `{nth="${nth}"} is 0`).join(", ")}, and 2 more`,
  ],
  [
    success("matrix", [{ metric: {}, values: [[1, "1"]] }]),
    "cannot be asked: the query gives a matrix, and it has to give a number for each moment",
  ],
  [
    { json: { status: "error", errorType: "bad_data", error: "parse error: unexpected end" }, status: 400 },
    "cannot be asked: Prometheus says: parse error: unexpected end",
  ],
  [{ status: -1, msg: "Connection refused" }, "cannot be asked: Connection refused"],
  [
    { status: 200, url: "http://other/", json: [] },
    "cannot be asked: http://other/ says nothing that Prometheus would",
  ],
];

test("the gate passes by an answer of Prometheus's in which nothing is 0, and says of any other why it does not", async () => {
  assert.deepEqual(
    await callFilters(answers.map(([answer]) => ["gate_refusal", answer] as const)),
    answers.map(([, refusal]) => refusal),
  );
});
