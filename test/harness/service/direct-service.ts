import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { pathInCheckout } from "../container/checkout.js";
import type { Container } from "../container/container.js";
import type { CommandOutcome } from "../container/run-command.js";
import { DEADLINE_MS, waitUntil } from "../container/wait-until.js";

const LIBRARY = "/opt/holdfast/dist/library/index.js";

/** Where test/apps/direct runs: without a place it uses the port of its own, 8080, as the example does. */
const FOR_TESTS = `[Unit]
StartLimitIntervalSec=0
[Service]
RestartSec=300ms
Environment=HOLDFAST_LIBRARY=${LIBRARY}
`;

/** examples/direct as installed by an admin: web.service, web.socket where wanted, an app in /srv/web. */
export class DirectService implements AsyncDisposable {
  readonly container: Container;
  readonly unit = "web.service";
  readonly port = 8080;
  readonly address = `127.0.0.1:${this.port}`;

  private constructor(container: Container) {
    this.container = container;
  }

  /** Version `v1` of the app, started. */
  static async start(
    container: Container,
    options: { readonly socket: boolean; readonly app: "example" | "test" },
  ): Promise<DirectService> {
    const service = new DirectService(container);
    const example = (file: string): string =>
      readFileSync(pathInCheckout("examples", "direct", file), "utf8");
    await container.sh("rm -rf /srv/web && mkdir -p /srv/web/node_modules/holdfast");
    await container.write("/etc/systemd/system/web.service", example("web.service"));
    await container.write("/etc/systemd/system/web.service.d/test.conf", FOR_TESTS);
    if (options.socket) await container.write("/etc/systemd/system/web.socket", example("web.socket"));
    await container.write("/srv/web/package.json", '{ "type": "module" }\n');
    // As npm would install it.
    await container.write("/srv/web/node_modules/holdfast/package.json", '{ "type": "module" }\n');
    await container.write("/srv/web/node_modules/holdfast/index.js", `export * from "${LIBRARY}";\n`);
    if (options.app === "example") await container.write("/srv/web/server.js", example("server.js"));
    else await container.sh("cp /opt/apps/direct/server.js /srv/web/");
    await service.put("version", "v1");
    await container.sh("systemctl daemon-reload");
    await service.must("start", options.socket ? ["web.socket", "web.service"] : ["web.service"]);
    return service;
  }

  /** A file beside the app. */
  async put(file: string, text: string): Promise<void> {
    await this.container.write(`/srv/web/${file}`, `${text}\n`);
  }

  systemctl(verb: string, ...units: string[]): Promise<CommandOutcome> {
    return this.container.exec(["systemctl", verb, ...(units.length > 0 ? units : [this.unit])]);
  }

  async must(verb: string, units: readonly string[] = [this.unit]): Promise<void> {
    const { code, stderr } = await this.systemctl(verb, ...units);
    assert.equal(code, 0, `systemctl ${verb}: ${stderr}\n${await this.container.tellOf(this.unit)}`);
  }

  show(property: string): Promise<string> {
    return this.container.show(this.unit, property);
  }

  async waitFor(property: string, value: string): Promise<void> {
    await waitUntil(`${property}=${value}`, DEADLINE_MS, async () => (await this.show(property)) === value);
  }

  /** One request from inside, on a connection of its own. */
  async ask(path = "/"): Promise<string> {
    return this.container.sh(`curl -sS --max-time 20 http://${this.address}${path}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.container.sh(
      // One by one: systemd 262 stops none of them where one is not there.
      "for unit in web.socket web.service; do systemctl stop $unit 2>/dev/null || true; done\n" +
        "rm -rf /etc/systemd/system/web.* /var/lib/web\nsystemctl daemon-reload; systemctl reset-failed",
    );
  }
}
