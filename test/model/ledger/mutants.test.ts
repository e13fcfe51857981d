// Mutants of the ledger: each is the real code with one deliberate fault, in a copy of the source, and its scenario must
// find it with a schedule. One whose text is not in the source any more fails here, so that none rots unseen.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Mutant {
  readonly name: string;
  /** Under src/resources. */
  readonly file: string;
  readonly text: string;
  readonly mutated: string;
  /** The scenario that finds it. */
  readonly scenario: string;
  /** What it says. */
  readonly fault: RegExp;
}

const ASLEEP = /waits for ever/;
const TOO_MANY = /more than the capacity|only \d+ count as in use/;
const LEFT = /USED is|still (?:holds|counts?)/;

const MUTANTS: readonly Mutant[] = [
  {
    name: 'a take looks and then stores, instead of one compareExchange',
    file: 'capacity-ledger.ts',
    text: 'const found = atomics.compareExchange(words, base + ResourceWord.USED, word, word + units);',
    mutated:
      'const found = atomics.load(words, base + ResourceWord.USED); if (found === word) atomics.store(words, base + ResourceWord.USED, word + units);',
    scenario: 'take-give-2',
    fault: TOO_MANY,
  },
  {
    name: 'a request that fails at its second resource keeps the first',
    file: 'capacity-ledger.ts',
    text: '      this.#rollBack(indices, units, i);\n',
    mutated: '',
    scenario: 'multi-opposite',
    fault: LEFT,
  },
  {
    name: 'a waiter is not tried again after it was marked as awaited',
    file: 'capacity-queue.ts',
    text: '    this.#insert(waiter, index);\n    this.#refresh(index);\n    this.serve(index);\n',
    mutated: '    this.#insert(waiter, index);\n    this.#refresh(index);\n',
    scenario: 'park-give',
    fault: ASLEEP,
  },
  {
    name: 'a give-back does not wake who waits for it',
    file: 'ledger-owner.ts',
    text: "if (outcome === 'awaited') wake = true;",
    mutated: "if (outcome === 'awaited') wake = false;",
    scenario: 'park-give',
    fault: ASLEEP,
  },
  {
    name: 'a roll-back does not wake who waits for it',
    file: 'ledger-owner.ts',
    text: 'let wake = ledger.rolledBackAwaited;',
    mutated: 'let wake = false;',
    scenario: 'park-multi',
    fault: ASLEEP,
  },
  {
    name: 'the main thread listens once only',
    file: 'ledger-watch.ts',
    text: '    if (this.#isNeeded()) this.listen();\n',
    mutated: '',
    scenario: 'park-wide',
    fault: ASLEEP,
  },
  {
    name: 'one that waits behind a cancelled waiter is not served',
    file: 'capacity-queue.ts',
    text: '    this.#leave(waiter);\n    this.serve(index);\n  }\n\n  /** Counts one more',
    mutated: '    this.#leave(waiter);\n  }\n\n  /** Counts one more',
    scenario: 'cancel-wide',
    fault: ASLEEP,
  },
  {
    name: 'an answer is stored over a withdrawal, instead of exchanged',
    file: 'owner-answers.ts',
    text: 'if (atomics.compareExchange(words, answerAt(owner), waiting, answerWord(ticket, state)) !== waiting) return false;',
    mutated: 'if (atomics.store(words, answerAt(owner), answerWord(ticket, state)) === waiting) return false;',
    scenario: 'block-timeout',
    fault: LEFT,
  },
  {
    name: 'a grant that came after the withdrawal stays in the row',
    file: 'owner-answers.ts',
    text: '    this.#rows.revoke(wait.owner, indices, units);\n',
    mutated: '',
    scenario: 'block-timeout',
    fault: LEFT,
  },
  {
    name: 'an answer does not wake the thread',
    file: 'owner-answers.ts',
    text: '    atomics.notify(words, answerAt(owner));\n',
    mutated: '',
    scenario: 'block-grant',
    fault: ASLEEP,
  },
  {
    name: 'a row is freed with what was in it',
    file: 'owner-rows.ts',
    text: '      atomics.store(words, base + OwnerWord.OWN + index, 0);\n',
    mutated: '',
    scenario: 'die-take-give',
    fault: LEFT,
  },
  {
    name: 'a dead thread is settled while another is inside an operation',
    file: 'owner-rows.ts',
    text: 'return (gate & 1) === 0 || this.#isDead(slot);',
    mutated: 'return true;',
    scenario: 'die-take-give',
    fault: /only \d+ count as in use|USED is|gives back more|still/,
  },
  {
    name: 'a thread that died inside is taken for one that died outside',
    file: 'owner-rows.ts',
    text: '    if (this.#isInside(owner.slot)) {\n      if (!this.isUnsettled',
    mutated: '    if (owner.slot < 0) {\n      if (!this.isUnsettled',
    scenario: 'die-take-give',
    fault: LEFT,
  },
];

describe('mutants of the ledger', () => {
  const root = join(import.meta.dirname, '../../..');
  let folder = '';

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'yardmaster-ledger-mutants-'));
    for (const part of ['src', 'test/model']) cpSync(join(root, part), join(folder, part), { recursive: true });
    cpSync(join(root, 'package.json'), join(folder, 'package.json'));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(MUTANTS)(
    'are found: $name',
    ({ name, file, text, mutated, scenario, fault }) => {
      const path = join(folder, 'src/resources', file);
      const sound = readFileSync(path, 'utf8');
      expect(sound.split(text)).toHaveLength(2);
      writeFileSync(
        path,
        sound.replace(text, () => mutated),
      );
      try {
        const command = ['test/model/ledger/run-scenarios.ts', scenario];
        const { status, stderr } = spawnSync(process.execPath, command, { cwd: folder, encoding: 'utf8' });
        const [said = '', ...schedule] = stderr.trimEnd().split('\n');
        expect({ status, said }).toEqual({ status: 1, said: expect.stringMatching(fault) });
        expect(said.startsWith(`${scenario}: `)).toBe(true);
        expect(schedule.length).toBeGreaterThan(1);
        process.stdout.write(`caught by ${scenario} in ${schedule.length} steps: ${name}\n`);
      } finally {
        writeFileSync(path, sound);
      }
    },
    60_000,
  );
});
