import { createHash } from "node:crypto";
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Container } from "../../harness/container/container.js";
import { ensureCached } from "./cache.js";
import { DRAIN_SECONDS, readApp, type System } from "./system.js";

const PORT = 8170;
const DIRECTORY = "/srv/compare-tableflip";
const SOURCE = "site.go";
/** Go begins with an empty cache, and compiles its own library, too. */
const BUILD_DEADLINE_MS = 300_000;

/** A Go server with tableflip, both of Debian; the signal of its upgrade is that of tableflip's own example. */
export const TABLEFLIP: System = {
  name: "tableflip, Go app",
  port: PORT,
  unit: "compare-tableflip.scope",
  firstStays: false,
  talks: true,
  start: async (container) => {
    await container.write(`${DIRECTORY}/version`, "v1");
    await container.sh(
      `systemd-run --quiet --scope --unit=compare-tableflip sh -c '` +
        `${DIRECTORY}/site 127.0.0.1:${PORT} ${DIRECTORY}/version ${DRAIN_SECONDS}s < /dev/null > /dev/null 2>&1 &'`,
    );
    await container.write(`${DIRECTORY}/version`, "v2");
  },
  upgrade: async (container) => {
    await container.sh("pkill -HUP -o -x site");
  },
};

/** Compiles the server in a container of this image, once. */
export function ensureTableflip(image: string): Promise<string> {
  const key = createHash("sha256").update(image).update(readApp(SOURCE)).digest("hex").slice(0, 12);
  return ensureCached(`peer-tableflip-${key}`, async (folder) => {
    await using container = await Container.bootBare("trixie", image);
    await container.write(`${DIRECTORY}/${SOURCE}`, readApp(SOURCE));
    await container.sh(
      `cd ${DIRECTORY} && GO111MODULE=off GOPATH=/usr/share/gocode CGO_ENABLED=0 go build -o site ${SOURCE}`,
      { timeoutMs: BUILD_DEADLINE_MS },
    );
    await copyFile(`/proc/${container.pid}/root${DIRECTORY}/site`, join(folder, "site"));
  });
}

export async function installTableflip(container: Container, folder: string): Promise<void> {
  const script = `mkdir -p ${DIRECTORY} && cat > ${DIRECTORY}/site && chmod 755 ${DIRECTORY}/site`;
  await container.exec(["/bin/sh", "-euc", script], { input: await readFile(join(folder, "site")) });
}
