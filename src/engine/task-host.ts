// Owns what the orchestrator of single tasks needs of an engine, without the engine itself.

import type { EngineRuntime } from './engine-runtime.ts';
import type { RunLauncher } from './run-launcher.ts';
import type { TaskHost } from './task-orchestrator.ts';

/** `requireOpen`: throws once the engine is on its way down. */
export function taskHostOf(runtime: EngineRuntime, launcher: RunLauncher, requireOpen: () => void): TaskHost {
  return {
    get singles() {
      return runtime.singles;
    },
    prepare: (request) => runtime.guard.prepare(request),
    poolOf: (task) => launcher.poolOf(task),
    explain: (taskId) => launcher.waits.explainSingle(taskId),
    knowsAction: (module, action) => runtime.knowsAction(module, action),
    setDispatching: (on) => runtime.setDispatching(on),
    isDispatching: () => runtime.isDispatching(),
    requireOpen,
    after: (timeoutMs) => runtime.after(timeoutMs),
  };
}
