// Owns the tasks that plans keep back, and when each of them may start at the latest.

import { BinaryHeap } from './binary-heap.ts';
import type { Lane } from './lane.ts';
import type { CapacityRequest, ReadyTask } from './ready-task.ts';

interface Alarm<Request extends CapacityRequest> {
  readonly task: ReadyTask<Request>;
  readonly sequence: number;
  readonly atMs: number;
}

export class HeldTasks<Request extends CapacityRequest> {
  /** The alarm that counts for each held task: an older one of the same task may still be in the heap. */
  readonly #current = new Map<ReadyTask<Request>, Alarm<Request>>();
  readonly #alarms = new BinaryHeap<Alarm<Request>>((a, b) => a.atMs - b.atMs || a.sequence - b.sequence);

  add(task: ReadyTask<Request>, untilMs: number): void {
    task.state = 'held';
    task.lane.held.add(task);
    const alarm = { task, sequence: task.sequence, atMs: untilMs };
    this.#current.set(task, alarm);
    this.#alarms.push(alarm);
  }

  remove(task: ReadyTask<Request>): void {
    task.lane.held.delete(task);
    this.#current.delete(task);
  }

  /** When the next one may start at the latest; null = none is held. */
  earliestMs(): number | null {
    for (let alarm = this.#alarms.peek(); alarm !== undefined; alarm = this.#alarms.peek()) {
      if (this.#current.get(alarm.task) === alarm) return alarm.atMs;
      this.#alarms.pop();
    }
    return null;
  }

  /** Takes out those whose time has come. */
  takeDue(nowMs: number): ReadyTask<Request>[] {
    const due: ReadyTask<Request>[] = [];
    for (let atMs = this.earliestMs(); atMs !== null && atMs <= nowMs; atMs = this.earliestMs()) {
      const alarm = this.#alarms.pop();
      if (alarm === undefined) break;
      this.remove(alarm.task);
      due.push(alarm.task);
    }
    return due;
  }

  /** Takes out those of a lane that its course holds no more. */
  takeReleased(lane: Lane<Request>, nowMs: number): ReadyTask<Request>[] {
    const released: ReadyTask<Request>[] = [];
    for (const task of lane.held) {
      if (lane.course?.isHeld(task.index, nowMs) === true) continue;
      this.remove(task);
      released.push(task);
    }
    return released;
  }
}
