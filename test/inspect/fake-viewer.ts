// Owns a viewer of Stately's protocol: it knows what the messages say and nothing else, and refuses what no viewer could
// follow.

import type { StatelyInspectionEvent } from '@statelyai/inspect';
import { z } from 'zod';

const status = z.enum(['active', 'done', 'error', 'stopped']);
const snapshot = z.object({
  status,
  value: z.unknown().optional(),
  context: z.unknown().optional(),
  output: z.unknown().optional(),
  error: z.unknown().optional(),
});
const base = {
  rootId: z.string().min(1),
  sessionId: z.string().min(1),
  createdAt: z.string().regex(/^\d+$/),
  id: z.string().min(1),
  _version: z.literal('0.7.2'),
};
const event = z.looseObject({ type: z.string() });

/** As the converter of the package makes them; strict, so that no word is there that it has not. */
export const statelyMessage = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('@xstate.actor'),
    name: z.string().min(1),
    definition: z.string(),
    parentId: z.string().optional(),
    snapshot,
    ...base,
  }),
  z.strictObject({ type: z.literal('@xstate.event'), event, sourceId: z.string().optional(), ...base }),
  z.strictObject({ type: z.literal('@xstate.snapshot'), event, snapshot, ...base }),
]);
export type ParsedMessage = z.infer<typeof statelyMessage>;

export interface SeenActor {
  readonly name: string;
  /** The id in its definition. */
  readonly machine: string;
  readonly initial: z.infer<typeof snapshot>;
  last: z.infer<typeof snapshot>;
}

export class FakeViewer {
  readonly actors = new Map<string, SeenActor>();
  readonly messages: ParsedMessage[] = [];

  /** Takes in what a client of the package would be given. */
  take(message: StatelyInspectionEvent): void {
    const parsed = statelyMessage.parse(JSON.parse(JSON.stringify(message)));
    this.messages.push(parsed);
    if (parsed.type === '@xstate.actor') this.#actor(parsed);
    else if (parsed.type === '@xstate.event') this.#actorOf(parsed.sessionId);
    else this.#actorOf(parsed.sessionId).last = parsed.snapshot;
  }

  /** The last state of each task's actor, by the task's name. */
  taskStates(): Record<string, unknown> {
    const tasks = [...this.actors.values()].filter(({ machine }) => machine === 'task');
    return Object.fromEntries(tasks.map(({ name, last }) => [name, last.value]));
  }

  #actor({
    sessionId,
    parentId,
    name,
    definition,
    snapshot: initial,
  }: ParsedMessage & { type: '@xstate.actor' }): void {
    if (this.actors.has(sessionId)) throw new Error(`actor ${sessionId} is made twice`);
    if (parentId !== undefined) this.#actorOf(parentId);
    const { id } = z.looseObject({ id: z.string() }).parse(JSON.parse(definition));
    this.actors.set(sessionId, { name, machine: id, initial, last: initial });
  }

  #actorOf(sessionId: string): SeenActor {
    const actor = this.actors.get(sessionId);
    if (actor === undefined) throw new Error(`nobody has told of actor ${sessionId}`);
    return actor;
  }
}
