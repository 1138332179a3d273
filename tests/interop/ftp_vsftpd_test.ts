import { ftpStories } from "../ftp/stories.ts";
import { startVsftpd } from "./servers/vsftpd.ts";

const common = { verified: "size", setsTimes: true } as const;

ftpStories("vsftpd in the clear", () => startVsftpd(), {
  tls: "none",
  ...common,
});
for (const requireReuse of [true, false]) {
  for (
    const [tls, kind] of [["starttls", "explicit"], [
      "implicit",
      "implicit",
    ]] as const
  ) {
    ftpStories(
      `vsftpd, ${kind} TLS, ${requireReuse ? "its demand for" : "no"} reuse`,
      () => startVsftpd({ tls: kind, requireReuse }),
      { tls, ...common },
    );
  }
}
