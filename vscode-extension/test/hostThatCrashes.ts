// An extension host that ends without `deactivate`: prints its server's socket, ends when its stdin does.
import { WarmServer } from "../src/warmServer";
import { fakeServer } from "./fakeServer";

async function main(): Promise<void> {
  const socket = await new WarmServer(() => undefined).socket(fakeServer("serve"));
  console.log(socket);
  process.stdin.on("end", () => process.exit(1)).resume();
}

void main();
