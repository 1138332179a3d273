// npm's smtp-server, dropping what it receives; prints its port.
import { createRequire } from "node:module";

const require = createRequire(process.env.PEERS + "/");
const { SMTPServer } = require("smtp-server");
const server = new SMTPServer({
  disabledCommands: ["AUTH", "STARTTLS"],
  disableReverseLookup: true,
  logger: false,
  onData(stream, _session, callback) {
    stream.on("end", callback);
    stream.resume();
  },
});
server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ port: server.server.address().port }));
});
