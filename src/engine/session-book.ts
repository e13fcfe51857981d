// Owns the sessions an engine knows: those that are open, and the last ended ones up to a bound.

import type { RestartIntensity } from '../actors/restart-intensity.ts';
import type { SessionActor } from '../actors/session.ts';
import { RecentKeys } from '../domain/recent-keys.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { OrchestrationSession } from './orchestration-session.ts';

/** Ended sessions that stay known; the oldest is forgotten beyond it. */
const MAX_ENDED_SESSIONS = 1_000;

export interface SessionEntry {
  readonly session: OrchestrationSession;
  /** One that crashes gives its place to another one. */
  actor: SessionActor;
  /** Crashes lately; undefined while there was none. */
  restarts?: RestartIntensity;
}

export class SessionBook {
  readonly #entries = new Map<string, SessionEntry>();
  readonly #ended = new RecentKeys<string>(MAX_ENDED_SESSIONS);

  add(entry: SessionEntry): void {
    this.#entries.set(entry.session.sessionId, entry);
  }

  find(sessionId: string): SessionEntry | undefined {
    return this.#entries.get(sessionId);
  }

  /** @throws RuntimeError SESSION_NOT_FOUND */
  require(sessionId: string): SessionEntry {
    const entry = this.#entries.get(sessionId);
    if (entry !== undefined) return entry;
    throw new RuntimeError('SESSION_NOT_FOUND', `no session '${sessionId}'; ids come from createSession`, {
      details: { sessionId },
    });
  }

  /** A session has ended: it stays known until too many ended after it. */
  ended(sessionId: string): void {
    const forgotten = this.#ended.add(sessionId);
    if (forgotten !== undefined) this.#entries.delete(forgotten);
  }

  /** Sessions that have not ended. */
  open(): SessionActor[] {
    return this.openEntries().map(({ actor }) => actor);
  }

  openEntries(): SessionEntry[] {
    return [...this.#entries.values()].filter(({ actor }) => actor.endedAtMs === null);
  }

  counts(): { readonly total: number; readonly active: number } {
    return { total: this.#entries.size, active: this.#entries.size - this.#ended.size };
  }
}
