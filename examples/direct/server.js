// A web server that systemd starts itself. `systemctl restart web` keeps its connections and its state.
import http from "node:http";
import { serve, state } from "holdfast";

let visits = 0;
state({
  name: "visits",
  version: 1,
  initial: () => {},
  save: () => visits,
  restore: (saved) => {
    visits = saved;
  },
});

const server = http.createServer((_request, response) => {
  visits += 1;
  response.end(`visit ${visits}, answered by process ${process.pid}\n`);
});
await serve(server, { port: 8080 });
