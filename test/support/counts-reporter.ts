// Owns the last line of a test run, in a form that programs can read: `N passed, N failed, N skipped`, alone.
// It counts whatever makes a run fail (a test, a file that does not load, a hook, an error outside of any test), so that
// "0 failed" never stands above a non-zero exit code. It is written while the process exits: nothing comes after it.

import { writeSync } from 'node:fs';
import type { Reporter, TestModule, TestSuite } from 'vitest/node';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const STDOUT = 1;

/** A vitest reporter that prints the counts of the run as the very last line of standard output. */
export class CountsReporter implements Reporter {
  #counts: Counts | undefined;

  onInit(): void {
    process.once('exit', (exitCode) => {
      if (this.#counts === undefined && exitCode === 0) return;
      // A run that was cut off before its end did not pass.
      const { passed, failed, skipped } = this.#counts ?? { passed: 0, failed: 1, skipped: 0 };
      writeLine(`${passed} passed, ${exitCode === 0 ? failed : Math.max(failed, 1)} failed, ${skipped} skipped`);
      if (failed > 0 && exitCode === 0) process.exitCode = 1;
    });
  }

  onTestRunEnd(testModules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts: Counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const testModule of testModules) countModule(testModule, counts);
    this.#counts = counts;
  }
}

function countModule(testModule: TestModule, counts: Counts): void {
  if (hasOwnErrors(testModule)) counts.failed += 1;
  for (const suite of testModule.children.allSuites()) if (hasOwnErrors(suite)) counts.failed += 1;
  for (const test of testModule.children.allTests()) {
    const { state } = test.result();
    if (state === 'passed') counts.passed += 1;
    else if (state === 'failed') counts.failed += 1;
    else counts.skipped += 1;
  }
}

// Errors of the file or suite itself: an import that failed, a hook that threw, a file without tests.
function hasOwnErrors(container: TestModule | TestSuite): boolean {
  return container.errors().length > 0;
}

// A pipe that is full refuses a synchronous write for a moment; the line must not be lost for it.
function writeLine(line: string): void {
  const bytes = Buffer.from(`\n${line}\n`);
  let written = 0;
  while (written < bytes.length) {
    try {
      written += writeSync(STDOUT, bytes, written);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return;
    }
  }
}
