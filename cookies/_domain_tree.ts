import { Bucket } from "./_bucket.ts";

/** A label of domain names, with those below it. */
interface Label {
  readonly name: string;
  readonly above: Label | undefined;
  readonly below: Map<string, Label>;
  /** By partition key; "" for none. */
  readonly buckets: Map<string, Bucket>;
}

/**
 * The buckets by the labels of their domains, from the right. So a request
 * finds its cookies in as many steps as its host has labels, whatever else there
 * is, and what is below a domain can be found too.
 */
export class DomainTree {
  readonly #root = makeLabel("", undefined);
  /** The same buckets by `keyOf`. */
  readonly #buckets = new Map<string, Bucket>();

  /** The bucket, if there is one. */
  get(domain: string, partitionKey: string | undefined): Bucket | undefined {
    return this.#buckets.get(keyOf(domain, partitionKey));
  }

  /** The bucket, which is made where there is none. */
  make(domain: string, partitionKey: string | undefined): Bucket {
    const key = keyOf(domain, partitionKey);
    let bucket = this.#buckets.get(key);
    if (bucket !== undefined) return bucket;
    bucket = new Bucket(domain, partitionKey);
    this.#buckets.set(key, bucket);
    let label = this.#root;
    for (const name of labelsOf(domain)) {
      let next = label.below.get(name);
      if (next === undefined) {
        next = makeLabel(name, label);
        label.below.set(name, next);
      }
      label = next;
    }
    label.buckets.set(partitionKey ?? "", bucket);
    return bucket;
  }

  /** Forgets a bucket, and the labels that were there for it alone. */
  remove(bucket: Bucket): void {
    this.#buckets.delete(keyOf(bucket.domain, bucket.partitionKey));
    let label = this.#root;
    for (const name of labelsOf(bucket.domain)) {
      const next = label.below.get(name);
      if (next === undefined) return;
      label = next;
    }
    label.buckets.delete(bucket.partitionKey ?? "");
    while (
      label.above && label.buckets.size === 0 && label.below.size === 0
    ) {
      label.above.below.delete(label.name);
      label = label.above;
    }
  }

  /**
   * The buckets of a host and of the domains above it, those of a partition
   * together with those of none.
   */
  above(host: string, partitionKey: string | undefined): Bucket[] {
    const found: Bucket[] = [];
    let label = this.#root;
    for (const name of labelsOf(host)) {
      const next = label.below.get(name);
      if (next === undefined) break;
      label = next;
      const { buckets } = label;
      if (buckets.size === 0) continue;
      const plain = buckets.get("");
      if (plain !== undefined) found.push(plain);
      if (partitionKey === undefined) continue;
      const apart = buckets.get(partitionKey);
      if (apart !== undefined) found.push(apart);
    }
    return found;
  }

  /** The buckets of the domains below, at any depth. */
  *below(domain: string): Generator<Bucket> {
    let label = this.#root;
    for (const name of labelsOf(domain)) {
      const next = label.below.get(name);
      if (next === undefined) return;
      label = next;
    }
    for (const next of label.below.values()) yield* bucketsFrom(next);
  }

  /** All of them. */
  [Symbol.iterator](): Iterator<Bucket> {
    return this.#buckets.values();
  }
}

/** No domain holds a blank. */
function keyOf(domain: string, partitionKey: string | undefined): string {
  return partitionKey === undefined ? domain : `${domain} ${partitionKey}`;
}

function makeLabel(name: string, above: Label | undefined): Label {
  return { name, above, below: new Map(), buckets: new Map() };
}

/** From the top-level domain down; an IPv6 address is one label. */
function labelsOf(domain: string): string[] {
  return domain.split(".").reverse();
}

/** Without recursion: a domain may have 127 labels. */
function* bucketsFrom(top: Label): Generator<Bucket> {
  const waiting = [top];
  for (let label = waiting.pop(); label; label = waiting.pop()) {
    yield* label.buckets.values();
    for (const next of label.below.values()) waiting.push(next);
  }
}
