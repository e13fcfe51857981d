// Owns what the usual folders of a project are for, in words for its documents, and which of them hold what runs produce.
// A folder's files of the second kind are never listed: a document must not change because a workflow ran.

interface DirectoryPurpose {
  readonly purpose: string;
  /** Whether runs write here. */
  readonly isProduced?: boolean;
}

/** By folder name in lower case. A name that only holds one of these as a whole word takes its purpose as well. */
const PURPOSES: Readonly<Record<string, DirectoryPurpose>> = {
  src: { purpose: 'Source code' },
  tasks: { purpose: 'Task modules, whose exported functions are the actions of workflow steps' },
  config: { purpose: 'Configuration, with the workflow definitions' },
  workflows: { purpose: 'Workflow definitions' },
  production: { purpose: 'Workflow definitions that are loaded by name' },
  data: { purpose: 'Data sets' },
  raw: { purpose: 'Input data as it was received' },
  processed: { purpose: 'Data after processing', isProduced: true },
  features: { purpose: 'Features computed from data', isProduced: true },
  output: { purpose: 'Results', isProduced: true },
  outputs: { purpose: 'Results', isProduced: true },
  results: { purpose: 'Results', isProduced: true },
  reports: { purpose: 'Reports', isProduced: true },
  figures: { purpose: 'Figures', isProduced: true },
  models: { purpose: 'Trained models', isProduced: true },
  build: { purpose: 'Built files', isProduced: true },
  dist: { purpose: 'Built files', isProduced: true },
  deploy: { purpose: 'What is deployed', isProduced: true },
  site: { purpose: 'The built site', isProduced: true },
  logs: { purpose: 'Logs', isProduced: true },
  tmp: { purpose: 'Temporary files', isProduced: true },
  cache: { purpose: 'Files kept to save work', isProduced: true },
  artifacts: { purpose: 'Files worth keeping of runs', isProduced: true },
  tests: { purpose: 'Tests and their data' },
  docs: { purpose: 'Documentation' },
  frontend: { purpose: 'Code of the application that runs in browsers' },
  backend: { purpose: 'Code of the application that runs on the server' },
  database: { purpose: 'Database schemas and migrations' },
  pipelines: { purpose: 'Code and definitions of data pipelines' },
  notebooks: { purpose: 'Notebooks and exploratory analysis' },
  experiments: { purpose: 'Descriptions of experiments' },
  papers: { purpose: 'Papers and drafts' },
  references: { purpose: 'References and literature' },
  scripts: { purpose: 'Scripts' },
  assets: { purpose: 'Images and other static files' },
  templates: { purpose: 'Templates' },
  theme: { purpose: 'Looks of the pages: style sheets and layouts' },
};

/** What a folder is for, by its own name; null where the name says nothing known. */
export function purposeOfDirectory(folder: string): string | null {
  return findPurpose(folder.split('/').at(-1) ?? '')?.purpose ?? null;
}

/** Whether runs write into a folder, by its own name or that of a folder it lies in. */
export function isProducedDirectory(folder: string): boolean {
  return folder.split('/').some((part) => findPurpose(part)?.isProduced === true);
}

function findPurpose(name: string): DirectoryPurpose | undefined {
  const folded = name.toLowerCase();
  const whole = own(folded);
  if (whole !== undefined) return whole;
  const words = folded.split(/[^\p{L}\p{N}]+/u);
  // The last word says what a thing is: `raw_data` is data, and not raw.
  return words.map(own).findLast((found) => found !== undefined);
}

function own(name: string): DirectoryPurpose | undefined {
  return Object.hasOwn(PURPOSES, name) ? PURPOSES[name] : undefined;
}
