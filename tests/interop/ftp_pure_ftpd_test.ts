import { ftpStories } from "../ftp/stories.ts";
import { startPureFtpd } from "./servers/pure_ftpd.ts";

const common = {
  verified: "size",
  setsTimes: true,
  mkdSaysName: true,
} as const;

ftpStories("pure-ftpd in the clear", () => startPureFtpd(), {
  tls: "none",
  ...common,
});
ftpStories(
  "pure-ftpd, explicit TLS",
  () => startPureFtpd({ tls: "explicit" }),
  {
    tls: "starttls",
    ...common,
  },
);
