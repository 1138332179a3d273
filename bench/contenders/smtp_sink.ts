/** Our server, dropping what it receives; prints its port. */
import { SmtpServer } from "../../mail/smtpd/mod.ts";

const server = new SmtpServer({
  hostname: "127.0.0.1",
  port: 0,
  maxSize: 2 ** 31,
  onMessage: async (_envelope, body) => {
    for await (const _ of body);
  },
});
console.log(JSON.stringify({ port: server.address.port }));
await server.serveForever();
