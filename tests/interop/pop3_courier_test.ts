import {
  MESSAGES,
  pop3Stories,
  type Pop3Target,
} from "../mail/pop3/stories.ts";
import { startCourierPop } from "./servers/courier.ts";

async function start(tls: boolean): Promise<Pop3Target> {
  const daemon = await startCourierPop();
  await daemon.store("ada", MESSAGES);
  return { ...daemon, port: tls ? daemon.pop3sPort : daemon.pop3Port };
}

// It takes 5 s to refuse a wrong password, so each mechanism has one turn.
pop3Stories("courier in the clear", () => start(false), {
  tls: "none",
  mechanisms: ["CRAM-MD5", "USER"],
});
pop3Stories("courier with STLS", () => start(false), {
  tls: "starttls",
  mechanisms: ["PLAIN"],
});
pop3Stories("courier with implicit TLS", () => start(true), {
  tls: "implicit",
  mechanisms: ["LOGIN"],
});
