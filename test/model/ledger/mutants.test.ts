// Mutants of the ledger: each is the real code with one deliberate fault, in a copy of the source, and its scenario must
// find it with a schedule. One whose text is not in the source any more fails here, so that none rots unseen.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Mutant, SourceCopy } from '../../support/source-copy.ts';

interface LedgerMutant extends Mutant {
  /** The scenario that finds it. */
  readonly scenario: string;
  /** What it says. */
  readonly fault: RegExp;
}

const ASLEEP = /waits for ever/;
const TOO_MANY = /more than the capacity|only \d+ count as in use/;
const LEFT = /USED is|still (?:holds|counts?)/;

const MUTANTS: readonly LedgerMutant[] = [
  {
    name: 'a take looks and then stores, instead of one compareExchange',
    file: 'resources/capacity-ledger.ts',
    text: 'const found = atomics.compareExchange(words, base + ResourceWord.USED, word, word + units);',
    mutated:
      'const found = atomics.load(words, base + ResourceWord.USED); if (found === word) atomics.store(words, base + ResourceWord.USED, word + units);',
    scenario: 'take-give-2',
    fault: TOO_MANY,
  },
  {
    name: 'a request that fails at its second resource keeps the first',
    file: 'resources/capacity-ledger.ts',
    text: '      this.#rollBack(indices, units, i);\n',
    mutated: '',
    scenario: 'multi-opposite',
    fault: LEFT,
  },
  {
    name: 'a waiter is not tried again after it was marked as awaited',
    file: 'resources/capacity-queue.ts',
    text: '    this.#insert(waiter, index);\n    this.#refresh(index);\n    this.serve(index);\n',
    mutated: '    this.#insert(waiter, index);\n    this.#refresh(index);\n',
    scenario: 'park-give',
    fault: ASLEEP,
  },
  {
    name: 'a give-back does not wake who waits for it',
    file: 'resources/ledger-owner.ts',
    text: "if (outcome === 'awaited') wake = true;",
    mutated: "if (outcome === 'awaited') wake = false;",
    scenario: 'park-give',
    fault: ASLEEP,
  },
  {
    name: 'a roll-back does not wake who waits for it',
    file: 'resources/ledger-owner.ts',
    text: 'let wake = ledger.rolledBackAwaited;',
    mutated: 'let wake = false;',
    scenario: 'park-multi',
    fault: ASLEEP,
  },
  {
    name: 'the main thread listens once only',
    file: 'resources/ledger-watch.ts',
    text: '    if (this.#isNeeded()) this.listen();\n',
    mutated: '',
    scenario: 'park-wide',
    fault: ASLEEP,
  },
  {
    name: 'one that waits behind a cancelled waiter is not served',
    file: 'resources/capacity-queue.ts',
    text: '    this.#leave(waiter);\n    this.serve(index);\n  }\n\n  /** Counts one more',
    mutated: '    this.#leave(waiter);\n  }\n\n  /** Counts one more',
    scenario: 'cancel-wide',
    fault: ASLEEP,
  },
  {
    name: 'an answer is stored over a withdrawal, instead of exchanged',
    file: 'resources/owner-answers.ts',
    text: 'if (atomics.compareExchange(words, answerAt(owner), waiting, answerWord(ticket, state)) !== waiting) return false;',
    mutated: 'if (atomics.store(words, answerAt(owner), answerWord(ticket, state)) === waiting) return false;',
    scenario: 'block-timeout',
    fault: LEFT,
  },
  {
    name: 'a grant that came after the withdrawal stays in the row',
    file: 'resources/owner-answers.ts',
    text: '    this.#rows.revoke(wait.owner, indices, units);\n',
    mutated: '',
    scenario: 'block-timeout',
    fault: LEFT,
  },
  {
    name: 'an answer does not wake the thread',
    file: 'resources/owner-answers.ts',
    text: '    atomics.notify(words, answerAt(owner));\n',
    mutated: '',
    scenario: 'block-grant',
    fault: ASLEEP,
  },
  {
    name: 'a row is freed with what was in it',
    file: 'resources/owner-rows.ts',
    text: '      atomics.store(words, base + OwnerWord.OWN + index, 0);\n',
    mutated: '',
    scenario: 'die-take-give',
    fault: LEFT,
  },
  {
    name: 'a dead thread is settled while another is inside an operation',
    file: 'resources/owner-rows.ts',
    text: 'return (gate & 1) === 0 || this.#isDead(slot);',
    mutated: 'return true;',
    scenario: 'die-take-give',
    fault: /only \d+ count as in use|USED is|gives back more|still/,
  },
  {
    name: 'a thread that died inside is taken for one that died outside',
    file: 'resources/owner-rows.ts',
    text: '    if (this.#isInside(owner.slot)) {\n      if (!this.isUnsettled',
    mutated: '    if (owner.slot < 0) {\n      if (!this.isUnsettled',
    scenario: 'die-take-give',
    fault: LEFT,
  },
];

describe('mutants of the ledger', () => {
  let copy: SourceCopy;

  beforeAll(() => {
    copy = new SourceCopy('test/model');
  });

  afterAll(() => copy.remove());

  it.each(MUTANTS)(
    'are found: $name',
    (mutant) => {
      const { name, scenario, fault } = mutant;
      const { status, stderr } = copy.runMutant(mutant, 'test/model/ledger/run-scenarios.ts', scenario);
      const [said = '', ...schedule] = stderr.trimEnd().split('\n');
      expect({ status, said }).toEqual({ status: 1, said: expect.stringMatching(fault) });
      expect(said.startsWith(`${scenario}: `)).toBe(true);
      expect(schedule.length).toBeGreaterThan(1);
      process.stdout.write(`caught by ${scenario} in ${schedule.length} steps: ${name}\n`);
    },
    60_000,
  );
});
