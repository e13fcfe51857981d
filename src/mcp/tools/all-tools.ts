// Owns the list of Yardmaster's own tools, in the order in which clients see them: the ten of the Python original in its
// order, then those beyond it.

import type { McpTool } from '../mcp-tool.ts';
import { createComplexWorkflow, executeWorkflow, rerunFromFailed } from './execution-tools.ts';
import { createProject, listProjects } from './project-tools.ts';
import { allocateResources, releaseResources } from './resource-tools.ts';
import { cancelRun, explainWaiting, getRun, listRuns } from './run-tools.ts';
import { getHealthStatus, getStatechart, getSystemStatus } from './status-tools.ts';
import { executeTask } from './task-tools.ts';
import { createWorkflow, getWorkflowGraph, listWorkflows, simulateWorkflow } from './workflow-tools.ts';

export const ALL_TOOLS: readonly McpTool[] = [
  executeWorkflow,
  createWorkflow,
  listWorkflows,
  createProject,
  listProjects,
  executeTask,
  getSystemStatus,
  getHealthStatus,
  allocateResources,
  createComplexWorkflow,
  getRun,
  listRuns,
  explainWaiting,
  cancelRun,
  rerunFromFailed,
  simulateWorkflow,
  getWorkflowGraph,
  releaseResources,
  getStatechart,
];
