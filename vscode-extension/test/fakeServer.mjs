// Stands in for `dapserver --socket PATH`: `node fakeServer.mjs MODE ... --socket PATH`.
// A client gets the server's process id; a client that says "die" ends it.
import console from "node:console";
import { createServer } from "node:net";
import process from "node:process";
import { setInterval } from "node:timers";

const [mode] = process.argv.slice(2);
const socket = process.argv[process.argv.indexOf("--socket") + 1];

const modes = {
  serve: listen,
  stubborn() {
    process.on("SIGTERM", () => undefined);
    listen();
  },
  silent() {
    setInterval(() => undefined, 1 << 30);
  },
  missing() {
    console.error("/usr/bin/python3: No module named dapserver");
    process.exitCode = 1;
  },
  broken() {
    console.error("dapserver: error: unrecognized arguments: --socket");
    process.exitCode = 2;
  },
};

function listen() {
  const server = createServer((client) => {
    client.on("error", () => undefined);
    client.on("data", () => process.exit(3));
    client.write(`${process.pid}\n`);
  });
  server.listen(socket, () => console.error(`dapserver: listening on ${socket}`));
}

modes[mode]();
