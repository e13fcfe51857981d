// Owns the choice of a face: the one place from which cases on capacity get what they drive. What an adapter can do
// stands in resource-face.ts; how each face does it in resource-main-face.ts and resource-thread-face.ts.
//
//   await using adapter = createResourceAdapter('thread');
//   await adapter.register('seats', 'custom', 2);
//   const held = await adapter.tryAcquire([{ id: 'seats', amount: 2 }]);       // an allocation's id, or null
//   const waiting = adapter.acquire([{ id: 'seats', amount: 1 }], { timeout: 500 });
//   await adapter.until('seats', { waiting: 1 });
//   await adapter.release(held ?? '');
//   await adapter.release(await waiting);
//   await adapter.usage('seats');                                               // { used, peak, available, waiting }

import { assertNever } from '../../src/domain/runtime-error.ts';
import type { ResourceAdapter, ResourceFace } from './resource-face.ts';
import { MainFace } from './resource-main-face.ts';
import { ThreadFace } from './resource-thread-face.ts';

/** A guard without resources, seen through one of its faces. */
export function createResourceAdapter(face: ResourceFace): ResourceAdapter {
  switch (face) {
    case 'main':
      return new MainFace();
    case 'thread':
      return new ThreadFace('messages');
    case 'thread-blocking':
      return new ThreadFace('blocking');
    default:
      return assertNever(face);
  }
}
