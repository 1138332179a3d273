import { smtpStories } from "../mail/smtp/stories.ts";
import { startAiosmtpd } from "./servers/aiosmtpd.ts";

smtpStories(
  "aiosmtpd with STARTTLS, neither PIPELINING nor CHUNKING",
  () => startAiosmtpd(),
  {
    tls: "starttls",
    mechanisms: ["PLAIN", "LOGIN"],
    uses: ["SIZE"],
    signIn: false,
    utf8: false,
  },
);
