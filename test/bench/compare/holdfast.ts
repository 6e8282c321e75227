import { DRAIN_SECONDS, deploySite, type System } from "./system.js";

/** Holdfast over the site with the library. */
export const NATIVE = underHoldfast("native", "Holdfast, native app", 8110);
/** Holdfast over the same site without it. */
export const PASSED = underHoldfast("passed", "Holdfast, plain app", 8120);

function underHoldfast(mode: "native" | "passed", name: string, port: number): System {
  const directory = `/srv/compare-${mode}`;
  const unit = `holdfast@${mode}.service`;
  return {
    name,
    port,
    unit,
    firstStays: true,
    talks: true,
    start: async (container) => {
      await deploySite(container, directory, "v1");
      await container.write(
        `/etc/holdfast/${mode}.toml`,
        `command = ["/usr/bin/node", "site.js"]\nrelease = "${directory}/current"\nworkers = 1\n` +
          `environment = { MODE = "${mode}" }\n[listeners.http]\naddress = "127.0.0.1:${port}"\n` +
          `[drain]\ntimeout = "${DRAIN_SECONDS}s"\n`,
      );
      await container.sh(`systemctl start ${unit}`);
      await deploySite(container, directory, "v2");
    },
    upgrade: async (container) => {
      await container.sh(`systemctl reload ${unit}`);
    },
  };
}
