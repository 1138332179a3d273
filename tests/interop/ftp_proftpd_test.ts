import { ftpStories } from "../ftp/stories.ts";
import { startProftpd } from "./servers/proftpd.ts";

const common = { verified: "HASH", setsTimes: true } as const;

ftpStories("proftpd in the clear", () => startProftpd(), {
  tls: "none",
  ...common,
});
for (const requireReuse of [true, false]) {
  for (
    const [tls, kind] of [
      ["starttls", "explicit"],
      ["implicit", "implicit"],
    ] as const
  ) {
    ftpStories(
      `proftpd, ${kind} TLS, ${requireReuse ? "its demand for" : "no"} reuse`,
      () => startProftpd({ tls: kind, requireReuse }),
      { tls, ...common },
    );
  }
}
