// Owns which tasks a typed text finds.

/** Tasks whose names hold the text, whatever the case: those that begin with it first, and how many there are. */
export function findTasks(names: readonly string[], text: string, limit: number): { tasks: number[]; total: number } {
  const wanted = text.trim().toLowerCase();
  const heads: number[] = [];
  const others: number[] = [];
  if (wanted === '') return { tasks: [], total: 0 };
  names.forEach((name, task) => {
    const at = name.toLowerCase().indexOf(wanted);
    if (at === 0) heads.push(task);
    else if (at > 0) others.push(task);
  });
  return { tasks: [...heads, ...others].slice(0, limit), total: heads.length + others.length };
}
