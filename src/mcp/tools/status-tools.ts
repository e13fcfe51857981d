// Owns the tools that tell how the engine is: its figures, its health, and the machines that it is made of.

import { z } from 'zod';
import { ResourceStatus, ResourceType } from '../../domain/statuses.ts';
import { STATECHART_NAMES, statechartOf } from '../../inspect/statechart.ts';
import { defineTool, READ_ONLY } from '../mcp-tool.ts';
import { STATUS_URI } from '../resource-uris.ts';
import { advice, anyValue } from '../tool-schemas.ts';
import { allocationsOf } from './resource-tools.ts';

const MOST_RESOURCES = 200;
const MOST_THREADS = 128;

const count = z.int().min(0);
const health = z.enum(['healthy', 'degraded', 'unhealthy']);

export const getSystemStatus = defineTool({
  name: 'get_system_status',
  title: 'Figures of the system',
  description:
    'Gives the figures of the engine as they are now: runs and tasks by status, resources with what is free, threads, queue depth by priority, memory, uptime. Use it to see what is under way and which resource is short. get_health_status tells whether all is well; explain_waiting why one run waits.',
  input: z.strictObject({}),
  output: z.strictObject({
    health,
    sessions: z.strictObject({ total: count, active: count }),
    workflows: z.record(z.string(), count).describe('Runs by status, and workflows defined'),
    tasks: z.record(z.string(), count).describe('Tasks by status'),
    resources: z.array(
      z.strictObject({
        resource_id: z.string(),
        type: z.enum(ResourceType),
        status: z.enum(ResourceStatus),
        capacity: z.number(),
        current: z.number().describe('In use'),
        available: z.number(),
        peak: z.number(),
        waiting: count,
        utilization: z.number(),
      }),
    ),
    resources_total: count,
    threads: z.array(z.strictObject({ thread_id: z.int(), state: z.enum(['idle', 'busy']), completed: count })),
    queue_depth: z.strictObject({ critical: count, high: count, normal: count, low: count, background: count }),
    waiting_for_capacity: count,
    running: count.describe('Tasks under way'),
    uptime_ms: z.number(),
    memory: z.strictObject({ rss_bytes: count, heap_used_bytes: count }),
    workflow_load_errors: count.describe('Workflow files that could not be loaded; list_workflows tells why'),
    projects: count,
    mcp: z.strictObject({ commands_allowed: z.boolean(), allocations_held: count }),
    resource: z.string(),
  }),
  annotations: READ_ONLY,
  run: async (_, { engine, projects, allowCommands }) => {
    const status = engine.getSystemStatus();
    const states = new Map(engine.resources.listResources().map((each) => [each.resourceId, each.status]));
    return {
      health: engine.getHealthStatus().status,
      sessions: { ...status.sessions },
      workflows: { ...status.workflows },
      tasks: { ...status.tasks },
      resources: status.resources.slice(0, MOST_RESOURCES).map((usage) => ({
        resource_id: usage.resourceId,
        type: usage.type,
        status: states.get(usage.resourceId) ?? ResourceStatus.UNKNOWN,
        capacity: usage.capacity,
        current: usage.current,
        available: usage.available,
        peak: usage.peak,
        waiting: usage.waiting,
        utilization: usage.utilization,
      })),
      resources_total: status.resources.length,
      threads: status.threads.slice(0, MOST_THREADS).map(({ threadId, state, completed }) => ({
        thread_id: threadId,
        state,
        completed,
      })),
      queue_depth: { ...status.queueDepth },
      waiting_for_capacity: status.waitingForCapacity,
      running: status.running,
      uptime_ms: status.uptimeMs,
      memory: { rss_bytes: status.memory.rssBytes, heap_used_bytes: status.memory.heapUsedBytes },
      workflow_load_errors: engine.workflows.loadErrors.length,
      projects: (await projects.listProjects()).length,
      mcp: { commands_allowed: allowCommands, allocations_held: allocationsOf(engine).size },
      resource: STATUS_URI,
    };
  },
});

export const getHealthStatus = defineTool({
  name: 'get_health_status',
  title: 'Health of the system',
  description:
    'Tells whether the engine is healthy, part by part with a reason: journal, resources, threads, dispatcher, sessions; and deadlocks of task bodies. Use it first when runs do not go on or calls fail. unhealthy means that work does not go on; degraded, that it goes on with less.',
  input: z.strictObject({}),
  output: z.strictObject({
    status: health,
    components: z.record(z.string(), z.strictObject({ status: health, detail: z.string() })),
    metrics: z.record(z.string(), z.number()),
    deadlocks: z.array(z.string()),
    next: advice,
  }),
  annotations: READ_ONLY,
  run: (_, { engine }) => {
    const { status, components, metrics } = engine.getHealthStatus();
    const deadlocks = engine.findDeadlocks().slice(0, 10);
    const parts = Object.entries(components).filter(([, part]) => part.status !== 'healthy');
    return {
      status,
      components: Object.fromEntries(Object.entries(components).map(([name, part]) => [name, { ...part }])),
      metrics: Object.fromEntries(Object.entries(metrics).map(([name, value]) => [snakeCase(name), value])),
      deadlocks: deadlocks.map(({ message }) => message),
      next: parts.map(([name, part]) => adviceOn(name, part.detail, part.status)),
    };
  },
});

export const getStatechart = defineTool({
  name: 'get_statechart',
  title: 'Statechart of a machine',
  description:
    'Gives the statechart of one of the machines that the engine is made of, read off the machine itself: states, transitions with their events and guards, a Mermaid drawing, and the definition that editors of statecharts import. Use it to learn what a task, workflow, session or project can go through, and which event leads where.',
  input: z.strictObject({
    machine: z
      .string()
      .min(1)
      .max(64)
      .describe(`One of ${STATECHART_NAMES.join(', ')}`),
  }),
  output: z.strictObject({
    machine: z.string(),
    initial: z.string(),
    states: z.array(
      z.strictObject({
        name: z.string(),
        type: z.string(),
        initial: z.boolean(),
        entry: z.array(z.string()),
        exit: z.array(z.string()),
      }),
    ),
    transitions: z.array(
      z.strictObject({
        event: z.string(),
        from: z.string(),
        to: z.string(),
        guard: z.string().nullable(),
        actions: z.array(z.string()),
      }),
    ),
    events: z.array(z.string()),
    mermaid: z.string(),
    definition: anyValue.describe('The configuration of the machine as JSON'),
  }),
  annotations: READ_ONLY,
  run: ({ machine }) => {
    const { initial, states, transitions, events, mermaid, definition } = statechartOf(machine);
    return {
      machine,
      initial,
      states: states.map(({ entry, exit, ...rest }) => ({ ...rest, entry: [...entry], exit: [...exit] })),
      transitions: transitions.map(({ actions, ...rest }) => ({ ...rest, actions: [...actions] })),
      events: [...events],
      mermaid,
      definition,
    };
  },
});

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function adviceOn(part: string, detail: string, status: string): string {
  const what = `${part} is ${status} (${detail})`;
  if (status === 'unhealthy') return `${what}: restart the server; unfinished runs go on from their record.`;
  return `${what}: look again in a few seconds; runs go on meanwhile.`;
}
