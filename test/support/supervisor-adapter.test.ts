// The supervisor adapter itself: the same answers on manual and on real time, and what its words stand for.

import { describe, expect, it } from 'vitest';
import { AdaptedSupervisor, ChildHandle, SupervisorAdapter, SupervisorFault } from './supervisor-adapter.ts';

async function startedOn(
  adapter: SupervisorAdapter,
  flags: object,
  ids: readonly string[],
): Promise<AdaptedSupervisor> {
  const sup = await adapter.start(
    flags,
    ids.map((id) => adapter.spec(id, { shutdown: 20 })),
  );
  return sup instanceof AdaptedSupervisor ? sup : expect.unreachable();
}

describe.each(['manual', 'real'] as const)('the supervisor adapter on %s time', (time) => {
  it('logs starts and stops in order, with their reasons', async () => {
    const adapter = new SupervisorAdapter(time);
    const sup = await startedOn(adapter, { intensity: 10, strategy: 'one_for_all' }, ['a', 'b']);
    await adapter.exit(sup.handle('a'), { shutdown: 'x' });
    await adapter.exit(sup.handle('b'), 'kill');
    adapter.hangOnStop(Number.POSITIVE_INFINITY, 'a');
    adapter.hangOnStop(1, 'b');
    const stopped = sup.stop();
    if (time === 'manual') await adapter.advance(21);
    expect(await stopped).toBe('shutdown');
    expect(adapter.log).toEqual([
      ...['start a', 'start b', 'stop a {shutdown,x}', 'stop b shutdown', 'start a', 'start b'],
      ...['stop b killed', 'stop a shutdown', 'start a', 'start b', 'stop b shutdown', 'stop a killed'],
    ]);
    expect(adapter.pending).toBe(0);
  });

  it('tries failing starts again until they use up the intensity', async () => {
    const adapter = new SupervisorAdapter(time);
    const sup = await startedOn(adapter, { intensity: 3 }, ['a', 'b']);
    adapter.failNextStarts('a', Number.POSITIVE_INFINITY);
    await adapter.exit(sup.handle('a'), 'error');
    if (time === 'manual') await adapter.advance(1);
    expect(await sup.done).toBe('shutdown');
    expect(adapter.failedStarts('a')).toBe(3);
    expect(sup.counts()).toBeInstanceOf(SupervisorFault);
  });

  it('gives the same handle for the same actor, and another one after a restart', async () => {
    const adapter = new SupervisorAdapter(time);
    const sup = await startedOn(adapter, { intensity: 1 }, ['a']);
    const before = sup.handle('a');
    expect(sup.which()).toEqual([{ id: 'a', child: before, type: 'worker' }]);
    await adapter.exit(before, 'error');
    const after = sup.handle('a');
    expect(after).not.toBe(before);
    expect([before.alive, after.alive, after instanceof ChildHandle]).toEqual([false, true, true]);
    await sup.stop();
  });
});
