/** What FTP can do: on a server of our own, and on any other. */
import { join } from "node:path";
import { FtpClient, type FtpConnectOptions, type FtpEntry } from "../../mod.ts";
import { createAuthority } from "../_support/certificates.ts";
import { tempDir } from "../_support/temp_dir.ts";
import { FtpServer } from "../servers/ftp_server.ts";
import { ProgressBar, say, size, speed, Steps } from "./say.ts";
import {
  differences,
  type FileSum,
  LARGE,
  makeTree,
  sumFile,
  sumTree,
} from "./tree.ts";

/** What is taken from somebody else's server. */
const MAX_FILES = 5;
const MAX_BYTES = 50_000_000;
const MAX_LINES = 20;
/** People who watch do not wait a minute, the client's default. */
const TIMEOUT = 20_000;

/**
 * Up and down, with an interruption, on a server of our own; throws where
 * something is not the same afterwards.
 */
export async function showFtp(signal: AbortSignal): Promise<void> {
  say("FTP with explicit TLS");
  const steps = new Steps();
  await using temp = await tempDir();
  const source = join(temp.path, "source");
  await makeTree(source);
  const original = await sumTree(source);
  const total = sizeOf(original);
  steps.next(`Made a tree of ${original.size} files, ${size(total)} in all.`);

  const authority = await createAuthority();
  await using server = await FtpServer.start({
    tls: "explicit",
    requireTls: true,
    ...await authority.issue(),
  });
  steps.next(
    `Started a server of our own at ${server.hostname}:${server.port}.`,
  );
  await using ftp = await FtpClient.connect({
    hostname: server.hostname,
    port: server.port,
    tls: "starttls",
    tlsOptions: { caCerts: [authority.caPem] },
    signal,
  });
  await ftp.login("user", "secret");
  steps.next('Connected, checked its certificate, signed in as "user".');

  await upload(ftp, steps, source, total);
  compare("what the server has", original, await sumTree(`${server.root}/all`));

  steps.next("Listed the top directory:");
  for (const entry of await ftp.list("all")) steps.detail(describe(entry));

  const copy = join(temp.path, "copy");
  await downloadAll(ftp, steps, copy, total);
  compare("the copy", original, await sumTree(copy));

  const again = join(temp.path, "again.bin");
  await interrupt(ftp, steps, again, original.get(LARGE)!.size);
  await resume(ftp, steps, again, original.get(LARGE)!.size);
  compare(
    "the resumed file",
    new Map([[LARGE, original.get(LARGE)!]]),
    new Map([[LARGE, await sumFile(again)]]),
  );

  steps.next("Compared SHA-256 hashes: every file is the same everywhere.");
  for (const [name, { sum }] of original) steps.detail(`${sum}  ${name}`);
  await ftp.quit();
  steps.next("Said goodbye.");
}

async function upload(
  ftp: FtpClient,
  steps: Steps,
  source: string,
  total: number,
): Promise<void> {
  steps.next("Uploading the tree:");
  using bar = new ProgressBar(total);
  const start = performance.now();
  const { bytes } = await ftp.uploadDir(source, "all", {
    onProgress: bar.update,
  });
  bar[Symbol.dispose]();
  steps.detail(speed(bytes, start));
}

async function downloadAll(
  ftp: FtpClient,
  steps: Steps,
  copy: string,
  total: number,
): Promise<void> {
  steps.next("Downloading it again:");
  using bar = new ProgressBar(total);
  const start = performance.now();
  const { bytes } = await ftp.downloadDir("all", copy, {
    onProgress: bar.update,
  });
  bar[Symbol.dispose]();
  steps.detail(speed(bytes, start));
}

/** Begins to download the large file and stops in the middle. */
async function interrupt(
  ftp: FtpClient,
  steps: Steps,
  local: string,
  total: number,
): Promise<void> {
  const half = new AbortController();
  let failure: unknown;
  try {
    await ftp.download(`all/${LARGE}`, local, {
      signal: half.signal,
      onProgress: ({ bytes }) => {
        if (bytes >= total / 2) half.abort();
      },
    });
  } catch (error) {
    failure = error;
  }
  if (failure === undefined) {
    throw new Error(`Cannot interrupt ${LARGE}: it was there at once`);
  }
  if (failure !== half.signal.reason) throw failure;
  const { size: have } = await Deno.stat(local);
  steps.next(
    `Interrupted the download of ${LARGE}: ${size(have)} of ${size(total)} ` +
      "are here.",
  );
}

async function resume(
  ftp: FtpClient,
  steps: Steps,
  local: string,
  total: number,
): Promise<void> {
  const { size: have } = await Deno.stat(local);
  steps.next("Resuming it on the same connection:");
  using bar = new ProgressBar(total);
  const { bytes, verified } = await ftp.download(`all/${LARGE}`, local, {
    resume: true,
    verify: true,
    onProgress: bar.update,
  });
  bar[Symbol.dispose]();
  if (bytes !== total - have) {
    throw new Error(
      `Cannot resume ${LARGE}: ${bytes} bytes moved, not ${total - have}`,
    );
  }
  steps.detail(
    `Only the other ${size(bytes)} had to be sent; the whole file is the ` +
      `same by the server's ${verified}.`,
  );
}

function compare(
  what: string,
  original: Map<string, FileSum>,
  copy: Map<string, FileSum>,
): void {
  const lines = differences(original, copy);
  if (lines.length === 0) return;
  throw new Error(`Cannot find ${what} to be the same: ${lines.join("; ")}`);
}

/** The reading half on the server that a URL names. */
export async function readFtp(url: URL, signal: AbortSignal): Promise<void> {
  const { user, password, directory, ...connect } = parseFtpUrl(url);
  const steps = new Steps();
  await using ftp = await FtpClient.connect({
    ...connect,
    timeout: TIMEOUT,
    signal,
  });
  steps.next(
    `Connected to ${ftp.hostname}:${ftp.port}, ` +
      (ftp.secure ? "over TLS, its certificate checked." : "in the clear."),
  );
  await ftp.login(user, password);
  steps.next(`Signed in as "${user ?? "anonymous"}".`);
  if (directory !== "") await ftp.cwd(directory);
  const entries = await ftp.list();
  steps.next(`Listed ${await ftp.pwd()}: ${entries.length} entries.`);
  for (const entry of entries.slice(0, MAX_LINES)) {
    steps.detail(describe(entry));
  }
  if (entries.length > MAX_LINES) {
    steps.detail(`and ${entries.length - MAX_LINES} more`);
  }
  await fetchSome(ftp, steps, smallest(entries));
  await ftp.quit();
  steps.next("Said goodbye.");
}

async function fetchSome(
  ftp: FtpClient,
  steps: Steps,
  files: { name: string; size: number }[],
): Promise<void> {
  if (files.length === 0) {
    steps.next("Found no file small enough to download.");
    return;
  }
  const features = await ftp.features();
  const verify = ["HASH", "XSHA256", "XCRC", "SIZE"]
    .some((name) => features.has(name));
  await using temp = await tempDir();
  steps.next(`Downloading the smallest files, ${files.length} of them:`);
  for (const [index, file] of files.entries()) {
    // A number for a name: the server's may hold anything.
    const local = join(temp.path, `${index}`);
    const verified = await fetchOne(ftp, file, local, verify);
    const { sum } = await sumFile(local);
    steps.detail(
      `${sum}  ${file.name}` + (verified ? ` (compared by ${verified})` : ""),
    );
  }
}

async function fetchOne(
  ftp: FtpClient,
  file: { name: string; size: number },
  local: string,
  verify: boolean,
): Promise<string | undefined> {
  // A listing may lie, and a disk is finite.
  const tooMuch = new AbortController();
  using bar = new ProgressBar(file.size);
  const { verified } = await ftp.download(file.name, local, {
    verify,
    signal: tooMuch.signal,
    onProgress: (progress) => {
      bar.update(progress);
      if (progress.bytes > MAX_BYTES) {
        tooMuch.abort(
          new Error(
            `Cannot download ${file.name}: it is larger than its listing says`,
          ),
        );
      }
    },
  });
  return verified;
}

/** The first few files in order of size that stay within the bounds. */
function smallest(entries: FtpEntry[]): { name: string; size: number }[] {
  let total = 0;
  return entries
    .flatMap(({ name, type, size }) =>
      type === "file" && size !== undefined ? [{ name, size }] : []
    )
    .sort((a, b) => a.size - b.size)
    .slice(0, MAX_FILES)
    .filter(({ size }) => (total += size) <= MAX_BYTES);
}

/** What a URL asks for, its parts decoded (RFC 1738 section 3.2). */
interface FtpPlace extends FtpConnectOptions {
  user: string | undefined;
  password: string | undefined;
  directory: string;
}

function parseFtpUrl(url: URL): FtpPlace {
  const mode = url.searchParams.get("tls");
  if (mode !== null && (mode !== "starttls" || url.protocol !== "ftp:")) {
    throw new TypeError(
      "Cannot read the URL: write ftp://, ftps:// or ftp://...?tls=starttls",
    );
  }
  const implicit = url.protocol === "ftps:";
  return {
    hostname: url.hostname,
    port: url.port === "" ? undefined : Number(url.port),
    tls: implicit ? "implicit" : mode === null ? "none" : "starttls",
    user: decode(url.username) || undefined,
    password: decode(url.password) || undefined,
    // From the directory after the sign-in; %2F at its begin is the root.
    directory: decode(url.pathname.replace(/^\//, "").replace(/\/$/, "")),
  };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new TypeError("Cannot read the URL: a % in it stands for no UTF-8");
  }
}

function describe({ type, name, size: bytes }: FtpEntry): string {
  const amount = type === "directory"
    ? "directory"
    : bytes === undefined
    ? type
    : size(bytes);
  return `${amount.padStart(9)}  ${name}`;
}

function sizeOf(files: Map<string, FileSum>): number {
  return files.values().reduce((sum, { size }) => sum + size, 0);
}
