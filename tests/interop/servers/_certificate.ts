import { join } from "node:path";
import { createAuthority } from "../../_support/certificates.ts";

/** A certificate on the disk, and who vouches for it. */
export interface CertificateFiles {
  cert: string;
  key: string;
  caPem: string;
}

/** Writes a new certificate for localhost where a daemon can read it. */
export async function writeCertificate(dir: string): Promise<CertificateFiles> {
  const authority = await createAuthority();
  const issued = await authority.issue();
  const [cert, key] = [join(dir, "cert.pem"), join(dir, "key.pem")];
  await Deno.writeTextFile(cert, issued.cert);
  await Deno.writeTextFile(key, issued.key, { mode: 0o600 });
  return { cert, key, caPem: authority.caPem };
}
