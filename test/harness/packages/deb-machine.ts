import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import type { Container } from "../container/container.js";
import type { Release } from "../container/releases.js";
import { type AptOutcome, apt, aptInstall, bootForPackages, bring } from "./boot.js";
import { buildExample, EXAMPLES, type Flaw } from "./build-example.js";
import { buildPackage } from "./build-package.js";
import { ExampleService, undisturbed, versionsIn } from "./example-service.js";

// biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own notation
const STATE = "${db:Status-Abbrev}${Version}";

/** The .deb of both examples in a version. Their paths from the top of the checkout. */
export function buildExamples(version: string, flaw?: Flaw): Promise<string[]> {
  return Promise.all(EXAMPLES.map((example) => buildExample("deb", example, version, flaw)));
}

/** A machine on which Holdfast's .deb is installed, and to which the examples come by apt. */
export class DebMachine implements AsyncDisposable {
  readonly container: Container;
  readonly chat: ExampleService;
  readonly wsgi: ExampleService;
  readonly services: readonly ExampleService[];

  private constructor(container: Container) {
    this.container = container;
    this.chat = new ExampleService(container, "chat");
    this.wsgi = new ExampleService(container, "wsgi");
    this.services = [this.chat, this.wsgi];
  }

  static async boot(release: Release): Promise<DebMachine> {
    const machine = new DebMachine(await bootForPackages(release));
    await machine.install(await buildPackage("deb"));
    return machine;
  }

  /** All in one run of apt, which must succeed. */
  install(...files: string[]): Promise<string> {
    return aptInstall(this.container, ...files);
  }

  /** The same, and how it ended. */
  async tryInstall(files: readonly string[]): Promise<AptOutcome> {
    return apt(this.container, "install", "--allow-downgrades", ...(await this.bring(files)));
  }

  /** Their paths in the container. */
  bring(files: readonly string[]): Promise<string[]> {
    return Promise.all(files.map((file) => bring(this.container, file)));
  }

  /** What dpkg says of a package: its state and version. */
  stateOf(name: string): Promise<string> {
    return this.container.sh(`dpkg-query -W -f '${STATE}' ${name}`);
  }

  async assertStates(state: string): Promise<void> {
    for (const { name } of this.services) assert.equal(await this.stateOf(name), state, name);
  }

  /** Upgrades both under load; who asks sees the old version, then the new one, and nothing else. */
  async upgrade(from: string, to: string, event: () => Promise<unknown>): Promise<void> {
    await this.#seesOnly([from, to], event);
    await this.assertStates(`ii ${to}`);
  }

  /** Lets something happen under load, during which `version` answers all the time. */
  staysAt(version: string, event: () => Promise<unknown>): Promise<void> {
    return this.#seesOnly([version], event);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.container[Symbol.asyncDispose]();
  }

  async #seesOnly(versions: readonly string[], event: () => Promise<unknown>): Promise<void> {
    const reports = await undisturbed(this.container, event);
    for (const { example, name, unit } of this.services) {
      const seen = versionsIn(reports[example]);
      if (isDeepStrictEqual(seen, versions)) continue;
      assert.fail(`${name} answered as ${seen}, not ${versions}\n${await this.container.tellOf(unit)}`);
    }
  }
}
