import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { pathInCheckout } from "../../harness/container/checkout.js";
import { dashboardQueries } from "../../monitoring/dashboard.js";
import { report } from "../control/fake-port.js";
import { account, exposeAll, tally } from "./exposed.js";

const read = (path: string): string => readFileSync(pathInCheckout(path), "utf8");

const onTrial = {
  kind: "trial",
  leftMs: 30_000,
  failure: null,
  now: null,
  before: null,
  share: null,
} as const;

/** Each metric of a service of which all is known: its type, and the labels besides `service`. */
function metricsTold(): ReadonlyMap<string, { readonly type: string; readonly labels: readonly string[] }> {
  const generations = report.generations.map((generation) => ({ ...generation, proof: onTrial }));
  const text = exposeAll({ tally, accounts: [account], generations });
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return new Map(
    types.map(([, name = "", type = ""]) => {
      const [, labels = ""] =
        new RegExp(`^${name}${type === "histogram" ? "_bucket" : ""}\\{(.*)\\} `, "m").exec(text) ?? [];
      const names = [...labels.matchAll(/(\w+)="/g)].map(([, label = ""]) => label);
      return [name, { type, labels: names.filter((label) => label !== "service") }];
    }),
  );
}

test("docs/metrics.md has each metric with its type and labels, and no other", () => {
  const rows = [...read("docs/metrics.md").matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) \|/gm)];
  const documented = rows.map(([, name, type, labels = ""]) => {
    return [name, { type, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label) }] as const;
  });
  assert.deepEqual(Object.fromEntries(documented), Object.fromEntries(metricsTold()));
});

test("alerts and dashboard ask for metrics that there are, by labels that they have", () => {
  const told = metricsTold();
  const alerts = [...read("packaging/monitoring/alerts.yml").matchAll(/^ +expr: (.*)$/gm)];
  const queries = [...alerts.map(([, expr = ""]) => expr), ...dashboardQueries()];
  let asked = 0;
  for (const query of queries) {
    for (const [, name = "", selector = ""] of query.matchAll(/((?:holdfast|process)_\w+)(?:\{(.*?)\})?/g)) {
      const metric = told.get(name) ?? told.get(name.replace(/_bucket$/, ""));
      assert.ok(metric !== undefined, `${name} in ${query}`);
      for (const [, label = ""] of selector.matchAll(/(\w+)[=!]/g))
        assert.ok([...metric.labels, "service"].includes(label), `${label} in ${query}`);
      asked += 1;
    }
  }
  assert.ok(asked > 40);
});
