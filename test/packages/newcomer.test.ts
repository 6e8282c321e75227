import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe } from "node:test";
import { pathInCheckout } from "../harness/container/checkout.js";
import type { Container } from "../harness/container/container.js";
import { bootForPackages, bring } from "../harness/packages/boot.js";
import { buildPackage } from "../harness/packages/build-package.js";
import { dependenciesOf } from "../harness/packages/dependencies.js";
import { story } from "../harness/packages/story.js";
import { settled } from "../harness/service/ask-status.js";
import { blocksOf } from "../harness/service/page.js";
import { type Asked, losesNothing } from "../harness/service/under-load.js";

/** The default of a minute is for others to wait for; what has not proved itself is nothing to roll back to. */
const PROBATION = '[probation]\\ntime = "1s"\\n';
const USE = "Use it for a service";

/** An app with its commands: the README's, for a name and a port of its own. */
interface Newcomer extends Asked {
  readonly name: string;
  /** The file that makes a version bad when it cannot be run. */
  readonly source: string;
}

/** The README's steps for a service, in its order. */
async function steps({ name, address }: Newcomer): Promise<readonly string[]> {
  const [, block = ""] = await blocksOf("README.md", USE, "sh");
  const own = block.replaceAll("127.0.0.1:8080", address).replaceAll(/\bweb\b/g, name);
  return own.trimEnd().split("\n");
}

/** A command of the README's table, for the instance. */
async function fromTable(command: string, name: string): Promise<string> {
  const text = await readFile(pathInCheckout("README.md"), "utf8");
  assert.match(text, new RegExp(`^\\| [^|]*\`${command}[ \`]`, "m"), `the README has ${command}`);
  return command.startsWith("holdfast ") ? command.replace("holdfast", `holdfast -n ${name}`) : command;
}

describe("a newcomer's first hours, on trixie", { concurrency: 1 }, () => {
  const step = story();
  let container: Container;
  let apps: readonly Newcomer[];

  before(async () => {
    container = await bootForPackages("trixie");
    apps = [
      { container, name: "web", address: "127.0.0.1:8080", source: "app.py" },
      { container, name: "api", address: "127.0.0.1:3000", source: "server.js" },
    ];
  });
  after(() => container?.[Symbol.asyncDispose]());

  const each = (act: (app: Newcomer) => Promise<unknown>): Promise<unknown> => Promise.all(apps.map(act));
  const deploy = (app: Newcomer, version: string): Promise<void> =>
    container.write(`/srv/${app.name}/version`, version);
  const answer = async ({ name, address }: Newcomer): Promise<string> => {
    await settled(container, name);
    return container.sh(`curl -sS http://${address}/`);
  };
  const answers = async (version: string): Promise<void> => {
    await each(async (app) => assert.equal(await answer(app), version, app.name));
  };

  step("the package is installed by the README's command", async () => {
    const [block = ""] = await blocksOf("README.md", USE, "sh");
    const install = block.split("\n").find((line) => line.startsWith("apt install ")) ?? "";
    const file = await bring(container, await buildPackage("deb"));
    await container.sh(`mkdir /root/out && mv ${file} /root/out`);
    await container.sh(
      `cd /root && export DEBIAN_FRONTEND=noninteractive && ${install.replace("install", "install -y")}`,
    );
  });

  step("gunicorn and an unchanged Express app are brought to serve by the README's steps", async () => {
    await container.sh("cp -r /opt/apps/wsgi /srv/web && cp -r /opt/apps/express /srv/api");
    await container.sh(
      "sed -i 's/Number(process.env.PORT)/3000/' /srv/api/server.js && grep -q 'listen(3000' /srv/api/server.js",
    );
    await container.copyIn("/srv/api", ...(await dependenciesOf("express")));
    await each(async (app) => {
      await deploy(app, "v1");
      const [init = "", doctor = "", enable = ""] = await steps(app);
      await container.sh(app.name === "api" ? init.replace(/ -- .*/, " -- node server.js") : init);
      await container.sh(`printf '${PROBATION}' >> /etc/holdfast/${app.name}.toml`);
      for (const line of [doctor, enable]) await container.sh(line);
    });
    await answers("v1");
  });

  step("the next version takes over, and nobody loses anything", async () => {
    await each(async (app) => {
      await deploy(app, "v2");
      const upgrade = await fromTable("holdfast upgrade --proved", app.name);
      await losesNothing(app, () => container.sh(upgrade));
    });
    await answers("v2");
  });

  step("a bad version is refused with status 1 and the reason, and the old one answers", async () => {
    await each(async (app) => {
      const path = `/srv/${app.name}/${app.source}`;
      await container.sh(`cp ${path} ${path}.good && echo 'no such thing here' > ${path}`);
      await deploy(app, "bad");
      const [, , , upgrade = ""] = await steps(app);
      const report = await losesNothing(app, async () => {
        const { code, stdout, stderr } = await container.exec(["/bin/sh", "-c", upgrade]);
        assert.equal(code, 1, stdout + stderr);
        assert.match(stdout + stderr, /no such thing here/, "the app's own words are the reason");
      });
      assert.deepEqual(Object.keys(report.versions), ["v2"]);
      await container.sh(`mv ${path}.good ${path}`);
    });
  });

  step("a rollback brings back the version before, and a restart and a reboot keep it", async () => {
    const rollback = (app: Newcomer) => fromTable("holdfast rollback", app.name);
    const restart = await fromTable("systemctl restart", "");
    await each(async (app) => {
      await deploy(app, "v3");
      await container.sh((await steps(app))[3] ?? "");
      assert.equal(await answer(app), "v3");
      await losesNothing(app, async () => container.sh(await rollback(app)));
      assert.equal(await answer(app), "v2");
      const report = await losesNothing(app, () => container.sh(`${restart} holdfast@${app.name}`));
      assert.deepEqual(Object.keys(report.versions), ["v2"]);
    });
    await container.reboot();
    await answers("v2");
  });

  step("a service that runs already is moved by its page, and nobody is refused", async () => {
    const shop: Newcomer = { container, name: "shop", address: "127.0.0.1:8082", source: "app.py" };
    const page = async (heading: string, language: string): Promise<string[]> =>
      (await blocksOf("docs/moving-over.md", heading, language)).map((block) =>
        block.replaceAll("8080", "8082"),
      );
    await container.sh("mkdir /srv/shop && cp -r /opt/apps/wsgi /srv/shop/current");
    await container.write("/srv/shop/current/version", "v1");
    await container.write("/etc/systemd/system/shop.service", (await page("From, to", "ini")).join(""));
    await container.sh("systemctl daemon-reload; systemctl enable --now shop.service");
    await container.sh("curl -sSf --retry 100 --retry-delay 0 --retry-connrefused http://127.0.0.1:8082/");
    const moves = await page("Without a gap", "sh");
    assert.ok(moves.length >= 4, "the page has its steps");
    await losesNothing(shop, async () => {
      for (const move of moves) await container.sh(move);
    });
    assert.equal(await container.show("shop.service", "ActiveState"), "inactive");
    assert.equal(await answer(shop), "v1");
  });
});
