/** What the real mail servers share: who has a mailbox, and taking from it. */
import { join } from "node:path";
import { type Daemon, output, sleep } from "./_process.ts";

/** A running mail server, with mailboxes for `ada`, `bob` and `jörg`. */
export interface MailDaemon extends Daemon {
  /** The program's name, for the names of tests and the rows of tables. */
  name: string;
  /** The name in its certificate. */
  hostname: string;
  port: number;
  caPem: string;
  user: string;
  password: string;
  /** The domain of the mailboxes. */
  domain: string;
  /**
   * Waits for the next message that is delivered to this local part, and takes
   * it out of the mailbox.
   *
   * @returns Its bytes as they were stored: with the server's own header
   * fields before it, and with the server's line ends.
   */
  take(localPart: string): Promise<Uint8Array>;
}

/** What is the same for each. */
export const ACCOUNT = {
  hostname: "localhost",
  user: "ada",
  password: "secret",
  domain: "example.test",
} as const;

/** Who has a mailbox; the password is the same for each. */
export const LOCAL_PARTS = ["ada", "bob", "jörg"] as const;

/** Whose mailboxes they are, and who delivers to them: a user without rights. */
export const OWNER = { user: "nobody", group: "nogroup" } as const;

/** How long to wait for a message, in ms. */
const PATIENCE = 30_000;

/** The directory below which each has a Maildir, made for a state directory. */
export async function makeMailboxes(dir: string): Promise<string> {
  const root = join(dir, "mail");
  await Deno.mkdir(root);
  await output("chown", `${OWNER.user}:${OWNER.group}`, root);
  return root;
}

/** The owner's numbers. */
export async function ownerIds(): Promise<{ uid: string; gid: string }> {
  const uid = (await output("id", "-u", OWNER.user)).trim();
  const gid = (await output("id", "-g", OWNER.user)).trim();
  return { uid, gid };
}

/** Waits for the oldest new message in a Maildir and takes it out. */
export async function takeMessage(
  root: string,
  localPart: string,
  log: Daemon["log"],
): Promise<Uint8Array> {
  const deadline = performance.now() + PATIENCE;
  // Each is written elsewhere and put in here when it is complete.
  const path = join(root, localPart, "new");
  for (;;) {
    const message = takeOldest(path);
    if (message) return message;
    if (performance.now() > deadline) {
      throw new Error(
        `No message for ${localPart} within ${PATIENCE} ms\n${await log()}`,
      );
    }
    await sleep(10);
  }
}

/** Puts messages into a Maildir, as if they had been delivered in this order. */
export async function storeMessages(
  root: string,
  localPart: string,
  messages: string[],
): Promise<void> {
  const box = join(root, localPart);
  for (const part of ["cur", "new", "tmp"]) {
    await Deno.mkdir(join(box, part), { recursive: true });
  }
  for (const [at, message] of messages.entries()) {
    // The name begins with the second of its delivery.
    const name = `${1_700_000_000 + at}.M1P${at + 1}.localhost`;
    await Deno.writeTextFile(join(box, "new", name), message);
  }
  await output("chown", "-R", `${OWNER.user}:${OWNER.group}`, box);
}

/** Synchronously, so that two who wait do not get the same one. */
function takeOldest(path: string): Uint8Array | undefined {
  const found: { file: string; time: number }[] = [];
  try {
    for (const { name } of Deno.readDirSync(path)) {
      const file = join(path, name);
      found.push({ file, time: Deno.statSync(file).mtime!.getTime() });
    }
  } catch (error) {
    // The first delivery makes the directory.
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  // Those of one millisecond are told apart by their names, which count.
  found.sort((a, b) => a.time - b.time || (a.file < b.file ? -1 : 1));
  const oldest = found[0];
  if (!oldest) return undefined;
  const message = Deno.readFileSync(oldest.file);
  Deno.removeSync(oldest.file);
  return message;
}
