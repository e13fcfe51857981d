// Owns the four documents of a project and of each of its folders (README, AGENTS, SPEC, PAI), and their file names.

/** The kinds of documents. */
export const DocumentKind = {
  README: 'README',
  AGENTS: 'AGENTS',
  SPEC: 'SPEC',
  PAI: 'PAI',
} as const satisfies Record<string, string>;
export type DocumentKind = (typeof DocumentKind)[keyof typeof DocumentKind];

/** In the order in which they are written and named. */
export const DOCUMENT_KINDS: readonly DocumentKind[] = Object.values(DocumentKind);

/** What each of them says, for links between them. */
export const DOCUMENT_TITLES: Readonly<Record<DocumentKind, string>> = {
  README: 'what this is and how to use it',
  AGENTS: 'what AI agents should know before they change anything',
  SPEC: 'what is here, in full',
  PAI: 'what an AI agent can do here, and by which tool',
};

/** The path of a document, relative to the project; `''` is the project's own folder. */
export function documentPath(folder: string, kind: DocumentKind): string {
  return folder === '' ? `${kind}.md` : `${folder}/${kind}.md`;
}

/** Whether a file name is that of a generated document, in any case. */
export function isDocumentName(name: string): boolean {
  return DOCUMENT_KINDS.some((kind) => name.toUpperCase() === `${kind}.MD`);
}
