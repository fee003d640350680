/** What is known of one pod so far. */

import { Reason } from './bindings/exports/crash-summary';

/** What a kill leaves as exit code: 128 and the number of SIGKILL or SIGTERM. Others ended by themselves. */
const KILLED: i32 = 137;
const TERMINATED: i32 = 143;
/** The wait stops growing at 300 s, which follows the sixth restart. */
const RESTARTS_WAITED_MAX: i32 = 6;

export class Pod {
  namespace: string | null = null;
  container: string | null = null;
  restartsStated: i32 = 0;
  starts: i32 = 0;
  trouble: bool = false;
  oomKilled: bool = false;
  imagePull: bool = false;
  crashLoop: bool = false;
  probe: string | null = null;
  /** Last exit code that is not 0; 0 where none was seen. */
  exitCode: i32 = 0;
  /** Seconds; below 0 where none was stated. */
  backOff: i64 = -1;
  errors: u32 = 0;
  lastError: string | null = null;
  firstSeen: string | null = null;
  lastSeen: string | null = null;

  constructor(
    public name: string,
    /** Place in the order of appearance. */
    public order: i32,
  ) {}

  get restarts(): i32 {
    return max(this.restartsStated, this.starts - 1, this.restartsWaited);
  }

  /** The kubelet restarts at once, then waits 10 s, then twice as long each time: a wait tells how many went before it. */
  private get restartsWaited(): i32 {
    let restarts = 0;
    for (let wait: i64 = 10; restarts < RESTARTS_WAITED_MAX && wait >> 1 < this.backOff; wait <<= 1) restarts++;
    return restarts;
  }

  get inTrouble(): bool {
    return this.trouble || this.restarts > 0;
  }

  /** The cause that explains most; a kill by the kubelet explains less than what made the kubelet kill. */
  get reason(): Reason {
    const probe = this.probe;
    const byItself = this.exitCode != 0 && this.exitCode != KILLED && this.exitCode != TERMINATED;
    if (this.oomKilled) return Reason.oomKilled();
    if (this.imagePull) return Reason.imagePull();
    if (byItself) return Reason.errorExit(this.exitCode);
    if (probe !== null) return Reason.probeFailed(probe);
    if (this.exitCode != 0) return Reason.errorExit(this.exitCode);
    return this.crashLoop ? Reason.crashLoopBackOff(this.backOff > 0 ? <u32>this.backOff : 0) : Reason.unknown();
  }

  get fullName(): string {
    const namespace = this.namespace;
    return namespace === null ? this.name : namespace + '/' + this.name;
  }

  seenAt(time: string | null): void {
    if (time === null) return;
    if (this.firstSeen === null) this.firstSeen = time;
    this.lastSeen = time;
  }
}

function max(a: i32, b: i32, c: i32): i32 {
  const ab = a > b ? a : b;
  return ab > c ? ab : c;
}

/** All pods of one log. A line without a namespace belongs to the first pod of that name. */
export class Pods {
  all: Pod[] = [];
  /** The first pod of each name: the one that a line without a namespace means. */
  private first: Map<string, Pod> = new Map<string, Pod>();
  private byFullName: Map<string, Pod> = new Map<string, Pod>();

  /** The pod of that name, made where it is new. */
  find(name: string, namespace: string | null): Pod {
    const known = this.first.has(name);
    if (namespace === null) return known ? this.first.get(name) : this.add(name);
    const fullName = namespace + '/' + name;
    if (this.byFullName.has(fullName)) return this.byFullName.get(fullName);
    // A pod that we met without its namespace has it now.
    const pod = known && this.first.get(name).namespace === null ? this.first.get(name) : this.add(name);
    pod.namespace = namespace;
    this.byFullName.set(fullName, pod);
    return pod;
  }

  private add(name: string): Pod {
    const pod = new Pod(name, this.all.length);
    if (!this.first.has(name)) this.first.set(name, pod);
    this.all.push(pod);
    return pod;
  }
}
