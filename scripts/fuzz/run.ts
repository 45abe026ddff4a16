/** npm run fuzz: feeds generated input to every parser of external data. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { targets } from './targets';
import { type Failure, WatchedThread } from './watch';

const usage = `npm run fuzz -- [--minutes 1] [--seed N] [--target NAME] [--replay]

  --minutes M    of all targets together
  --seed N       the same inputs again; any number without it
  --target NAME  only this one, or those whose names hold it: ${targets.map(({ name }) => name).join(', ')}
  --replay       only the first hundred inputs of the seed: what a failure's file says`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    target: { type: 'string', default: '' },
    replay: { type: 'boolean', default: false },
    help: { type: 'boolean' },
  },
});
const minutes = Number(values.minutes);
const seed = values.seed === undefined ? crypto.getRandomValues(new Int32Array(1))[0] : Number(values.seed);
const chosen = targets.filter(({ name }) => name.includes(values.target));
if (values.help || !(minutes > 0) || !Number.isInteger(seed) || seed === undefined || chosen.length === 0) {
  console.log(usage);
  process.exit(values.help ? 0 : 1);
}

const folder = 'test-results/fuzz';
const threads = Math.min(chosen.length, Math.max(1, Math.min(4, availableParallelism())));
const milliseconds = values.replay ? 0 : (minutes * 60_000 * threads) / chosen.length;
console.log(`Fuzzing with --seed ${seed}: ${chosen.length} targets, ${(milliseconds / 1000).toFixed(1)} s each.`);

let inputs = 0;
let failures = 0;
const queue = chosen.values();

async function work(): Promise<void> {
  const thread = new WatchedThread({ seconds: 10, megabytes: 64 });
  for (const { name } of queue) {
    const outcome = await thread.run({ name, seed: seed ?? 0, milliseconds, batch: 100 });
    inputs += outcome.inputs;
    if (outcome.failure) {
      failures++;
      console.error(`✗ ${name}\n${report(name, outcome.failure)}`);
    } else {
      console.log(`✓ ${name}: ${outcome.inputs} inputs`);
    }
  }
  await thread.close();
}

/**
 * Writes the failing input into a file.
 * @returns its beginning, for the console
 */
function report(name: string, { seed: batch, index, failure }: Failure): string {
  const target = chosen.find((candidate) => candidate.name === name);
  const input = index === undefined ? '' : `\n\nInput: ${target?.input(batch, index)}`;
  const text = `Replay: npm run fuzz -- --target "${name}" --seed ${batch} --replay\n\n${failure}${input}\n`;
  mkdirSync(folder, { recursive: true });
  const file = `${folder}/${name.replace(/\W+/g, '-')}-${batch}.txt`;
  writeFileSync(file, text);
  return `${text.slice(0, 2000)}${text.length > 2000 ? `… (all of it: ${file})` : ''}\n`;
}

await Promise.all(Array.from({ length: threads }, work));
console.log(`${inputs} inputs, ${failures} failures.`);
process.exitCode = failures > 0 ? 1 : 0;
