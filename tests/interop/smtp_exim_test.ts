import { smtpStories } from "../mail/smtp/stories.ts";
import { startExim } from "./servers/exim.ts";

const common = {
  mechanisms: ["CRAM-MD5", "PLAIN", "LOGIN"],
  uses: ["PIPELINING", "SIZE", "CHUNKING"],
  signIn: false,
  utf8: true,
};

smtpStories("exim in the clear", () => startExim(), {
  tls: "none",
  ...common,
});
smtpStories("exim with STARTTLS", () => startExim(), {
  tls: "starttls",
  ...common,
});
smtpStories("exim with implicit TLS", async () => {
  const daemon = await startExim();
  return { ...daemon, port: daemon.smtpsPort };
}, { tls: "implicit", ...common });
