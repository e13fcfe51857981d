// Numbers in brackets are the cases of the OTP behaviour list, part F.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RestartIntensity } from '../../src/actors/restart-intensity.ts';

describe('RestartIntensity', () => {
  it('allows as many restarts within the period as its intensity, and not one more [65]', () => {
    const intensity = new RestartIntensity(2, 1_000);
    expect([0, 10, 20].map((nowMs) => intensity.allows(nowMs))).toEqual([true, true, false]);
  });

  it('allows none at intensity 0 [69]', () => {
    expect(new RestartIntensity(0, 1_000).allows(0)).toBe(false);
  });

  it('forgets restarts that have left the window [70]', () => {
    const intensity = new RestartIntensity(1, 1_000);
    expect([0, 2_100, 4_200, 6_300].map((nowMs) => intensity.allows(nowMs))).toEqual([true, true, true, true]);
    expect(intensity.recent).toBe(1);
  });

  it('counts a restart exactly one period old [71]', () => {
    const inclusive = new RestartIntensity(1, 1_000);
    expect([0, 1_000].map((nowMs) => inclusive.allows(nowMs))).toEqual([true, false]);
    const beyond = new RestartIntensity(1, 1_000);
    expect([0, 1_000.001].map((nowMs) => beyond.allows(nowMs))).toEqual([true, true]);
  });

  it('refuses exactly when the window holds more than the intensity, for any times', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 5 }),
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.nat({ max: 30 }), { maxLength: 60 }),
        (intensity, periodMs, steps) => {
          const counter = new RestartIntensity(intensity, periodMs);
          const timesMs: number[] = [];
          let nowMs = 0;
          for (const step of steps) {
            nowMs += step;
            timesMs.push(nowMs);
            const recent = timesMs.filter((timeMs) => nowMs - timeMs <= periodMs).length;
            expect(counter.allows(nowMs)).toBe(recent <= intensity);
            expect(counter.recent).toBe(recent);
          }
        },
      ),
    );
  });
});
