import { ftpStories } from "../ftp/stories.ts";
import { startProftpd } from "./servers/proftpd.ts";

const common = {
  verified: "HASH",
  setsTimes: true,
  // "Invalid directory name", whatever the file system thinks of it.
  refuses: ["a[1]*?"],
} as const;

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
