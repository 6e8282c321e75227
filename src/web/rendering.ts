import type { InstanceView, PageView } from "./feed.js";
import type { Page } from "./page.js";

type History = PageView["history"];

interface Rendered {
  readonly instances: readonly InstanceView[];
  readonly history: History;
  readonly bytes: Buffer;
}

/** Renders what was seen once for all who ask for it. */
export class Rendering {
  readonly #page: Page;
  readonly #rendered = new Map<string | null, Rendered>();

  constructor(page: Page) {
    this.#page = page;
  }

  render(instance: string | null, instances: readonly InstanceView[], history: History): Buffer {
    const known = this.#rendered.get(instance);
    if (known?.instances === instances && known.history === history) return known.bytes;
    // Of instances that are gone nothing is kept.
    for (const [name, { instances: seen }] of this.#rendered)
      if (seen !== instances) this.#rendered.delete(name);
    const bytes = this.#page.render({ at: Date.now(), instance, instances, history });
    this.#rendered.set(instance, { instances, history, bytes });
    return bytes;
  }
}
