// Owns the doors through which programs let an engine be seen. What is behind them (a server, sockets) is imported when
// one is opened: a program that runs workflows and nothing else must not pay for it.

import type { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import type { StatelyBridge, StatelyBridgeOptions } from '../inspect/stately-bridge.ts';
import type { OpenDashboardOptions, RunningDashboard } from './dashboard-server.ts';

/**
 * Serves a dashboard over an engine, on 127.0.0.1 behind a token, until it is closed.
 * @throws RuntimeError DASHBOARD_PAGE_MISSING, DASHBOARD_LISTEN_FAILED, DASHBOARD_TOKEN_INVALID
 * @example
 * const dashboard = await openDashboard(engine);
 * console.log(dashboard.url);
 */
export async function openDashboard(
  engine: OrchestrationEngine,
  options: OpenDashboardOptions = {},
): Promise<RunningDashboard> {
  const server = await import('./dashboard-server.ts');
  return await server.openDashboard(engine, options);
}

/**
 * Shows an engine in Stately's inspector from now on: at a page of this process, or through a viewer at `url`.
 * @throws RuntimeError ARGUMENT_INVALID for a URL that is none of a WebSocket, INSPECT_LISTEN_FAILED
 */
export async function openInspector(
  engine: OrchestrationEngine,
  options: StatelyBridgeOptions = {},
): Promise<StatelyBridge> {
  const { openStatelyBridge } = await import('../inspect/stately-bridge.ts');
  return await openStatelyBridge(engine, options);
}
