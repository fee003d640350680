import { createHash } from 'node:crypto';

/**
 * Which ids were seen, 16 to 32 bytes each whatever their length: the first 64 bits of their digests in an open table. Among a thousand million
 * ids, two share theirs with a chance of 3 %; such a pair would be taken for one id.
 */
export class IdSet {
  private table = new BigUint64Array(1024);
  private count = 0;

  /** @returns false when it was there before. */
  add(id: string): boolean {
    if (2 * this.count >= this.table.length) this.grow();
    const hash = hashOf(id);
    const place = placeOf(this.table, hash);
    if (this.table[place] === hash) return false;
    this.table[place] = hash;
    this.count++;
    return true;
  }

  has(id: string): boolean {
    const hash = hashOf(id);
    return this.table[placeOf(this.table, hash)] === hash;
  }

  private grow(): void {
    const larger = new BigUint64Array(2 * this.table.length);
    for (const hash of this.table) if (hash !== 0n) larger[placeOf(larger, hash)] = hash;
    this.table = larger;
  }
}

/** Never 0, which marks a free place. */
function hashOf(id: string): bigint {
  return createHash('sha256').update(id).digest().readBigUInt64LE() | 1n;
}

/** Where the hash is, or where it would go. */
function placeOf(table: BigUint64Array, hash: bigint): number {
  const mask = table.length - 1; // a power of two, less one
  let place = Number((hash >> 1n) & BigInt(mask));
  while (table[place] !== 0n && table[place] !== hash) place = (place + 1) & mask;
  return place;
}
