/** An action as it was asked for, and its check. */

import { CommandFault, NameFault, Parameter, PlanError } from './bindings/exports/kubectl-plan';
import { nameFault, namespaceFault, SOUND } from './names';
import { isWellFormed } from './text';
import { isUtcTime } from './time';
import { findAll, findOne, findVerb, Kind, NOTHING, targetForms, Verb, verbNames } from './vocabulary';

/** Most words of a command, and most UTF-16 code units in all of them. */
export const WORDS_MAX: u32 = 64;
const COMMAND_UNITS_MAX: i32 = 4096;
/** Kubernetes counts replicas in an `int32`. */
const REPLICAS_MAX: i64 = i32.MAX_VALUE;

export class Action {
  /** Known after `check`, where it found no fault. */
  verb: Verb | null = null;
  kind: Kind | null = null;
  /** Name of the one object; null means all of the kind. */
  name: string | null = null;

  constructor(
    private verbName: string,
    private target: string,
    public namespace: string,
    /** Of a command that is too long, one word more than there may be. */
    public command: string[] | null,
    /** Below 0 is none. */
    public replicas: i64,
    public restartedAt: string | null,
  ) {}

  /** Why the action cannot be planned; null where it can. */
  check(): PlanError | null {
    const verb = findVerb(this.verbName);
    if (verb === null) return PlanError.unknownVerb(verbNames());
    this.verb = verb;
    const fault = namespaceFault(this.namespace);
    if (fault != SOUND) return PlanError.badNamespace(<NameFault>fault);
    const refusal = this.checkTarget(verb);
    return refusal === null ? this.checkParameters(verb) : refusal;
  }

  private checkTarget(verb: Verb): PlanError | null {
    const slash = this.target.indexOf('/');
    const kind = slash < 0 ? findAll(this.target, verb) : findOne(this.target.substring(0, slash), verb);
    if (kind === null) return PlanError.unknownTarget(targetForms(verb));
    this.kind = kind;
    if (slash < 0) return null;
    const name = this.target.substring(slash + 1);
    this.name = name;
    const fault = nameFault(name);
    return fault == SOUND ? null : PlanError.badName(<NameFault>fault);
  }

  private checkParameters(verb: Verb): PlanError | null {
    for (let parameter: i32 = Parameter.Command; parameter <= Parameter.RestartedAt; parameter++) {
      if (this.has(parameter) && parameter != verb.needs) return PlanError.unwanted(<Parameter>parameter);
    }
    if (verb.needs != NOTHING && !this.has(verb.needs)) return PlanError.missing(<Parameter>verb.needs);
    if (this.replicas > REPLICAS_MAX) return PlanError.tooManyReplicas(<u32>REPLICAS_MAX);
    const time = this.restartedAt;
    if (time !== null && !isUtcTime(time)) return PlanError.badTime();
    const command = this.command;
    const fault = command === null ? SOUND : commandFault(command);
    return fault == SOUND ? null : PlanError.badCommand(<CommandFault>fault);
  }

  private has(parameter: i32): bool {
    if (parameter == Parameter.Command) return this.command !== null;
    return parameter == Parameter.Replicas ? this.replicas >= 0 : this.restartedAt !== null;
  }
}

function commandFault(words: string[]): i32 {
  if (words.length == 0 || words[0].length == 0) return CommandFault.NoProgram;
  if (<u32>words.length > WORDS_MAX) return CommandFault.TooManyWords;
  let units = 0;
  for (let i = 0; i < words.length; i++) {
    // Each time, so that the sum cannot run over.
    if (words[i].length > COMMAND_UNITS_MAX - units) return CommandFault.TooLong;
    units += words[i].length;
  }
  for (let i = 0; i < words.length; i++) if (words[i].includes('\0') || !isWellFormed(words[i])) return CommandFault.BadCharacter;
  return SOUND;
}
