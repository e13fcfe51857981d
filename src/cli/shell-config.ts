// Owns how flags and the configuration file become the engine's configuration.

import { type EngineConfig, type ResolvedConfig, resolveConfig } from '../engine/engine-config.ts';
import type { EngineFlags } from './command-flags.ts';

/** What the flags say, and nothing else: config/default.json and the defaults come after it. */
export function engineConfigOf(flags: EngineFlags): EngineConfig {
  return {
    ...(flags.workflows === undefined ? {} : { workflowsDir: flags.workflows }),
    ...(flags.tasks === undefined ? {} : { tasksDirs: flags.tasks }),
    ...(flags.dataDir === undefined ? {} : { dataDir: flags.dataDir }),
    ...(flags.workers === undefined ? {} : { maxWorkers: flags.workers }),
    ...(flags.graceMs === undefined ? {} : { cancelGraceMs: flags.graceMs }),
  };
}

/** The settings in force. @throws RuntimeError CONFIG_INVALID */
export function settingsOf(flags: EngineFlags): ResolvedConfig {
  return resolveConfig(engineConfigOf(flags));
}
