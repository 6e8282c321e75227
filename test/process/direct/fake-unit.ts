// Preloaded: the process believes that it is the main process of direct.service.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const real = fs.readFileSync;
Object.assign(fs, {
  readFileSync: (...call: Parameters<typeof real>) =>
    call[0] === "/proc/self/cgroup" ? "0::/system.slice/direct.service\n" : real(...call),
});
syncBuiltinESMExports();
