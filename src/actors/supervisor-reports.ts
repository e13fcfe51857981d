// Owns the crash reports of supervisors: the events that say which child ended how, what was restarted with it, and how
// much of the restart intensity that took. Modelled on the supervisor reports of OTP's logger.
// It must never throw, and never list more than a bounded number of children.

import type { EventSink, RuntimeEventType } from '../domain/events.ts';
import { serializeError } from '../domain/serialized-error.ts';
import type { SupervisedChild } from './supervisor-child.ts';
import type { ChildEnd } from './supervisor-exit.ts';
import type { SupervisorFlags } from './supervisor-flags.ts';

/** Reports name at most so many children; `affected` is how many there are. */
export const MAX_REPORTED_CHILDREN = 100;
const MAX_DETAIL_LENGTH = 16_384;

/** What a supervisor was doing when a child failed it; OTP's words. */
export type CrashContext = 'child_terminated' | 'start_error' | 'shutdown_error';

export class SupervisorReports {
  readonly #supervisor: string;
  readonly #flags: SupervisorFlags;
  readonly #events: EventSink | undefined;
  readonly #recentRestarts: () => number;

  constructor(supervisor: string, flags: SupervisorFlags, recentRestarts: () => number, events?: EventSink) {
    this.#supervisor = supervisor;
    this.#flags = flags;
    this.#events = events;
    this.#recentRestarts = recentRestarts;
  }

  crashed(child: SupervisedChild, end: ChildEnd, context: CrashContext): void {
    this.#emit('supervisor.child-crashed', child, end, () => ({ context }));
  }

  restarted(culprit: SupervisedChild, end: ChildEnd, children: readonly SupervisedChild[]): void {
    this.#emit('supervisor.restarted', culprit, end, () => ({
      children: children.slice(0, MAX_REPORTED_CHILDREN).map(({ id }) => id),
      affected: children.length,
    }));
  }

  gaveUp(culprit: SupervisedChild, end: ChildEnd, ids: readonly string[], affected: number): void {
    this.#emit('supervisor.gave-up', culprit, end, () => ({ children: ids, affected }));
  }

  #emit(type: RuntimeEventType, child: SupervisedChild, end: ChildEnd, more: () => Record<string, unknown>): void {
    const events = this.#events;
    if (events === undefined) return;
    try {
      if (!events.wants(type)) return;
      const { strategy, intensity, periodMs } = this.#flags;
      events.emit(
        type,
        {},
        {
          supervisor: this.#supervisor,
          strategy,
          child: child.id,
          childType: child.spec.type,
          restart: child.spec.restart,
          ...reasonOf(end),
          livedMs: end.livedMs,
          restarts: this.#recentRestarts(),
          intensity,
          periodMs,
          ...more(),
        },
      );
    } catch {
      // Supervision goes on without its audience: an error here would leave the children to nobody.
    }
  }
}

function reasonOf({ exit }: ChildEnd): Record<string, unknown> {
  if (exit.kind === 'error') return { reason: exit.kind, error: serializeError(exit.error, 'ACTOR_CRASHED') };
  if (exit.kind === 'shutdown' && exit.detail !== undefined) {
    return { reason: exit.kind, detail: plainOf(exit.detail) };
  }
  return { reason: exit.kind };
}

/** A reason of any kind as JSON of a bounded length. */
function plainOf(detail: unknown): unknown {
  if (detail instanceof Error) return serializeError(detail, 'ACTOR_CRASHED');
  try {
    const text = JSON.stringify(detail);
    if (text !== undefined)
      return text.length <= MAX_DETAIL_LENGTH ? JSON.parse(text) : text.slice(0, MAX_DETAIL_LENGTH);
  } catch {
    // Not JSON: its name has to do.
  }
  return String(detail).slice(0, MAX_DETAIL_LENGTH);
}
