import type { Fleet } from "./fleet.js";
import { CONTROLLER_ADDRESS } from "./network.js";
import { openSsh } from "./ssh.js";

const BARE = "/home/deploy/web.git";
const CLONE = "/srv/clone";

/** A repository on the controller, which the root of each host reads by ssh, with a key of its own. */
export class GitRepository {
  readonly url = `deploy@${CONTROLLER_ADDRESS}:web.git`;
  readonly #fleet: Fleet;

  private constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  static async create(fleet: Fleet): Promise<GitRepository> {
    const { controller, hosts } = fleet;
    const keys = hosts.map(({ container }) =>
      container.sh(
        "mkdir -p -m 700 /root/.ssh && ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519 && cat /root/.ssh/id_ed25519.pub",
      ),
    );
    const known = await openSsh(controller, (await Promise.all(keys)).join("\n"));
    for (const { container } of hosts) {
      await container.write("/root/.ssh/known_hosts", `${CONTROLLER_ADDRESS} ${known}\n`);
    }
    await controller.sh(`
git init -q --bare -b main ${BARE}
git config --system safe.directory '*'
git config --system user.name maintainer
git config --system user.email maintainer@holdfast.invalid
git clone -q ${BARE} ${CLONE}
`);
    return new GitRepository(fleet);
  }

  /** Makes what is in this tarball of the controller the next commit of the branch `main`, and returns the commit. */
  async commit(tarball: string): Promise<string> {
    return this.#fleet.controller.sh(`
cd ${CLONE}
tar --extract --gzip --file ${tarball}
git add .
git commit -q -m ${tarball}
git push -q origin HEAD:main
chown -R deploy: ${BARE}
git rev-parse HEAD
`);
  }
}
