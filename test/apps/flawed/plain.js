// A plain worker that keeps systemd's contract, but for its flaws.
const { Server } = require("node:net");
const { missesItsListener, sayReady, server } = require("./flaws.js");

if (!missesItsListener(server)) {
  server.listen({ fd: 3 }, sayReady);
  // Not http.Server's own close: that ends connections on which a request may be on its way.
  process.on("SIGTERM", () => Server.prototype.close.call(server));
}
