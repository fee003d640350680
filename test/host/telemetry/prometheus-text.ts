/* A strict reader of Prometheus' text format 0.0.4, for tests: what it does not know for sure is an error. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (NaN|\\+Inf|-?[0-9][0-9.]*(?:e[+-]?[0-9]+)?)$`);
const KINDS = ['counter', 'gauge', 'histogram', 'summary'];

/** @throws Error for the first line that does not belong there, a series that comes twice, and a histogram that does not add up. */
export function readPrometheus(text: string): readonly Sample[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const kinds = new Map<string, string>();
  const samples: Sample[] = [];
  const seen = new Set<string>();
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    const type = new RegExp(`^# TYPE (${NAME}) ([a-z]+)$`).exec(line);
    if (type !== null) {
      if (kinds.has(type[1]!) || !KINDS.includes(type[2]!)) throw new Error(`a bad TYPE: ${line}`);
      kinds.set(type[1]!, type[2]!);
    } else if (!new RegExp(`^# HELP ${NAME} .+$`).test(line)) {
      const sample = readSample(line);
      const key = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`;
      const family = sample.name.replace(/_(?:bucket|sum|count)$/, '');
      if (seen.has(key)) throw new Error(`a series comes twice: ${line}`);
      if (!kinds.has(sample.name) && kinds.get(family) !== 'histogram') throw new Error(`a sample without a TYPE: ${line}`);
      seen.add(key);
      samples.push(sample);
    }
  }
  checkHistograms(samples);
  return samples;
}

function readSample(line: string): Sample {
  const [, name, labelText = '', value] = SAMPLE.exec(line) ?? [];
  if (name === undefined || value === undefined) throw new Error(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  for (const [whole] of labelText.matchAll(new RegExp(LABEL, 'g'))) {
    const at = whole.indexOf('=');
    labels[whole.slice(0, at)] = JSON.parse(whole.slice(at + 1)) as string; // their escapes are JSON's, too
  }
  return { name, labels, value: value === '+Inf' ? Infinity : Number(value) };
}

function checkHistograms(samples: readonly Sample[]): void {
  const last = new Map<string, number>();
  for (const { name, labels, value } of samples.filter((sample) => sample.name.endsWith('_bucket'))) {
    const { le, ...rest } = labels;
    const key = `${name} ${JSON.stringify(rest)}`;
    if (value < (last.get(key) ?? 0)) throw new Error(`a bucket holds less than the one below: ${key} ${le}`);
    last.set(key, value);
  }
}

/** The value of one series, whose labels are exactly these. */
export function figureOf(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const wanted = JSON.stringify(Object.entries(labels).sort());
  return samples.find((sample) => sample.name === name && JSON.stringify(Object.entries(sample.labels).sort()) === wanted)?.value;
}
