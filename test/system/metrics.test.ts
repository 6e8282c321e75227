import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import * as v from "valibot";
import { messageOf } from "../../src/lib/failure.js";
import { pathInCheckout } from "../harness/container/checkout.js";
import { Container } from "../harness/container/container.js";
import { ensureImageWith } from "../harness/container/image.js";
import { DEADLINE_MS, waitUntil } from "../harness/container/wait-until.js";
import { HarnessError } from "../harness/harness-error.js";
import { unjudgedTables } from "../harness/process/unjudged.js";
import { WebService } from "../harness/service/web-service.js";
import { dashboardQueries } from "../monitoring/dashboard.js";

const folder = "/usr/share/holdfast/monitoring";
const answer = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    data: v.object({ result: v.array(v.object({ value: v.tuple([v.number(), v.string()]) })) }),
  }),
);

describe("a real Prometheus, on trixie", { concurrency: 1 }, () => {
  let container: Container;
  before(async () => {
    const image = await ensureImageWith("monitoring", "trixie", ["prometheus"], ["prometheus.service"]);
    container = await Container.boot("trixie", image);
    for (const file of ["prometheus.yml", "alerts.yml"])
      await container.write(`${folder}/${file}`, read(`packaging/monitoring/${file}`));
  });
  after(() => container?.[Symbol.asyncDispose]());

  async function ask(query: string): Promise<readonly number[]> {
    const url = "http://127.0.0.1:9090/api/v1/query";
    const said = await container.sh(`curl -sS --get --data-urlencode '${query}' ${url}`);
    return v.parse(answer, said).data.result.map(({ value: [, value] }) => Number(value));
  }

  it("takes the scrape config and the alert rules, which fire when they have to, and reads each query of the dashboard", async () => {
    await container.write(`${folder}/alerts.test.yml`, read("test/monitoring/alerts.test.yml"));
    const rules = dashboardQueries().map((expr, number) => ({ record: `panel:query:${number}`, expr }));
    assert.ok(rules.length > 20);
    const dashboard = JSON.stringify({ groups: [{ name: "dashboard", rules }] });
    await container.write(`${folder}/dashboard.yml`, dashboard);
    await container.sh(
      `cd ${folder}; promtool check config prometheus.yml; promtool check rules dashboard.yml; promtool test rules alerts.test.yml`,
    );
  });

  it("scrapes a service through an upgrade, a restart and a reexec without a gap, and finds nothing wrong in its metrics", async () => {
    const web = await WebService.install(container, {
      app: "counter",
      config: { judged: `${unjudgedTables}\n[metrics]\naddress = "127.0.0.1:9464"\n` },
    });
    try {
      await web.must("start");
      await container.sh(
        `for path in 1 2 3; do curl -fsS http://${web.address}/ > /dev/null; done
         curl -fsS http://127.0.0.1:9464/metrics | promtool check metrics
         curl -fsS --unix-socket /run/holdfast/${web.name}/control.sock http://x/v1/metrics | promtool check metrics
         sed 's/15s/4s\\n  scrape_timeout: 4s/' ${folder}/prometheus.yml > /etc/prometheus/test.yml
         systemd-run --quiet --unit=scraper prometheus --config.file=/etc/prometheus/test.yml \
           --storage.tsdb.path=/tmp/prometheus --web.listen-address=127.0.0.1:9090`,
      );
      const untilServes = (generation: number): Promise<boolean> =>
        waitUntil(`generation ${generation} in Prometheus`, DEADLINE_MS, async () => {
          const found = await ask(`query=holdfast_active_generation{service="${web.name}"}`).catch(() => []);
          return found[0] === generation;
        });
      await untilServes(1);
      await web.deploy("v2");
      await web.must("reload");
      await untilServes(2);
      await web.must("restart");
      await untilServes(3);
      const pid = await web.mainPid();
      await container.sh(`holdfast -n ${web.name} reexec`);
      await web.successorOf(pid);
      await waitUntil("the next daemon in Prometheus", DEADLINE_MS, async () => {
        return (await ask("query=changes(process_start_time_seconds[5m])"))[0] === 2;
      });
      assert.deepEqual(await ask('query=min_over_time(up{job="holdfast"}[5m])'), [1]);
      const of = `service="${web.name}"`;
      assert.deepEqual(await ask(`query=holdfast_upgrades_total{${of},kind="upgrade",result="done"}`), [1]);
      assert.deepEqual(await ask(`query=holdfast_upgrades_total{${of},kind="restart",result="done"}`), [1]);
      assert.deepEqual(await ask(`query=holdfast_requests_total{${of},listener="http"}`), [3]);
      assert.deepEqual(await ask('query=ALERTS{alertstate="firing"}'), []);
      await web.end();
    } catch (cause) {
      const journal = `${await container.tellOf(web.unit)}\n${await container.tellOf("scraper.service")}`;
      throw new HarnessError("broken-promise", `${messageOf(cause)}\n${journal}`, { cause });
    }
  });
});

function read(path: string): string {
  return readFileSync(pathInCheckout(path), "utf8");
}
