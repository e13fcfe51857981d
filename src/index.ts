// Owns the package's public names: re-exports, nothing else.

export { ActorSupervisor, supervisorOf } from './actors/supervisor.ts';
export type { ChildSpec, ChildStart } from './actors/supervisor-child-spec.ts';
export type { SupervisorEnd } from './actors/supervisor-core.ts';
export { PlannedShutdown } from './actors/supervisor-exit.ts';
export type { SupervisorFlags } from './actors/supervisor-flags.ts';
export type { ChildCounts, ChildInfo } from './actors/supervisor-roster.ts';
export { CycleDetectedError, DAGValidationError } from './dag/dag-errors.ts';
export { WorkflowDAG } from './dag/workflow-dag.ts';
export type { OpenDashboardOptions, RunningDashboard } from './dashboard/dashboard-server.ts';
export { openDashboard, openInspector } from './dashboard/observers.ts';
export { ERROR_CODES, type ErrorCode } from './domain/error-codes.ts';
export { EVENT_TYPES, type RuntimeEvent, type RuntimeEventHandler, type RuntimeEventType } from './domain/events.ts';
export type { JsonObject, JsonValue } from './domain/json-value.ts';
export type { RetryPolicy } from './domain/retry-policy.ts';
export { isRuntimeError, RuntimeError } from './domain/runtime-error.ts';
export type { SerializedError } from './domain/serialized-error.ts';
export {
  ExecutionMode,
  ExecutionStatus,
  ProjectStatus,
  ProjectType,
  ResourceStatus,
  ResourceType,
  SessionStatus,
  TaskPriority,
  TaskStatus,
  WorkflowStatus,
} from './domain/statuses.ts';
export type { ArtifactReference, TaskAction, TaskContext, TaskResources } from './domain/task-context.ts';
export type { StepDefinition, WorkflowDefinition, WorkflowFault } from './domain/workflow-definition.ts';
export {
  executeTask,
  executeWorkflow,
  getOrchestrationEngine,
  getResourceManager,
  getTaskOrchestrator,
  getWorkflowManager,
} from './engine/default-engine.ts';
export type { EngineConfig, McpConfig } from './engine/engine-config.ts';
export type { HealthStatus, SystemStatus } from './engine/engine-status.ts';
export { ExecutionResult } from './engine/execution-result.ts';
export { OrchestrationEngine, type RunOptions } from './engine/orchestration-engine.ts';
export { OrchestrationSession, type SessionRecord, type SessionSettings } from './engine/orchestration-session.ts';
export { ParallelExecutor, type ParallelExecutorOptions } from './engine/parallel-executor.ts';
export { ResourceManager } from './engine/resource-manager.ts';
export type { PruneSummary } from './engine/retention.ts';
export type { RerunOptions } from './engine/run-records.ts';
export { checkChildSpecs, startSupervisor, supervisorLogic } from './engine/start-supervisor.ts';
export { createTask, Task, type TaskOptions, TaskResource, TaskResult } from './engine/task.ts';
export { type ExecutionStats, TaskOrchestrator } from './engine/task-orchestrator.ts';
export { WorkflowExecution } from './engine/workflow-execution.ts';
export { type SaveOptions, WorkflowManager } from './engine/workflow-manager.ts';
export { WorkflowRun } from './engine/workflow-run-handle.ts';
export { createWorkflowSteps, WorkflowStep, type WorkflowStepOptions } from './engine/workflow-step.ts';
export { type EventLog, type EventLogOptions, logEvents } from './inspect/event-log.ts';
export { collectMetrics, type EngineMetrics } from './inspect/prometheus-metrics.ts';
export type { StatelyBridge, StatelyBridgeOptions } from './inspect/stately-bridge.ts';
export { recordTrace, type TraceFileOptions, type TraceRecording } from './inspect/trace-file.ts';
export type { RunFilter } from './journal/journal.ts';
export type { AttemptHistory, RunHistory, TaskHistory } from './journal/run-history.ts';
export type { RunRecord } from './journal/run-record.ts';
export { dispatcherMachine } from './machines/dispatcher-machine.ts';
export { journalMachine } from './machines/journal-machine.ts';
export { projectMachine } from './machines/project-machine.ts';
export { resourceManagerMachine } from './machines/resource-manager-machine.ts';
export { sessionMachine } from './machines/session-machine.ts';
export { taskMachine } from './machines/task-machine.ts';
export { workerPoolMachine } from './machines/worker-pool-machine.ts';
export { workflowMachine } from './machines/workflow-machine.ts';
export { executeMcpTool, getMcpToolDefinitions, getMcpTools } from './mcp/default-mcp-tools.ts';
export type { McpToolDefinition, McpToolResult } from './mcp/mcp-tool.ts';
export { McpTools } from './mcp/mcp-tools.ts';
export { createProject, getProjectManager } from './projects/default-project-manager.ts';
export { DocumentationGenerator, type DocumentChange } from './projects/documentation-generator.ts';
export { Project, type ProjectDocumentation } from './projects/project.ts';
export { ProjectManager, type ProjectOptions } from './projects/project-manager.ts';
export { ProjectTemplate } from './projects/project-template.ts';
export { Resource, ResourceAllocation, ResourceUsage } from './resources/resource.ts';
