// node-mbox in Node: OPERATION PATH often|once; prints what it took. It lists
// no keys: it gives the messages in one pass, each with the box's empty line.
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { measure } from "./mail_measure.mjs";

const require = createRequire(process.env.PEERS + "/");
const { MboxStream } = require("node-mbox");

await measure({
  "mbox-read": (path) => ({
    async pass() {
      let messages = 0;
      let bytes = 0;
      // As an iterable it would give several messages as one.
      const stream = MboxStream(createReadStream(path)).on("data", (data) => {
        bytes += data.length - 1;
        messages++;
      });
      await once(stream, "end");
      return { messages, bytes };
    },
    check: (read) => read,
  }),
});
