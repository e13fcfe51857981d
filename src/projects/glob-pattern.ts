// Owns patterns of paths: `**` is any number of folders, `*` and `?` stay within a name. Matching takes time in proportion
// to pattern times path, whatever the pattern, so that no template can keep a process busy.

/** Whether a path with `/` matches a pattern as a whole. */
export function matchesGlob(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const parts = path.split('/');
  // Places in the pattern from which the rest of the path may go on.
  let places = withSkips(new Set([0]), wanted);
  for (const part of parts) {
    const next = new Set<number>();
    for (const place of places) {
      const name = wanted[place];
      if (name === '**') next.add(place);
      else if (name !== undefined && matchesName(name, part)) next.add(place + 1);
    }
    places = withSkips(next, wanted);
  }
  return places.has(wanted.length);
}

/** `**` may stand for nothing at all. */
function withSkips(places: Set<number>, wanted: readonly string[]): Set<number> {
  for (const place of places) {
    if (wanted[place] === '**') places.add(place + 1);
  }
  return places;
}

// Greedy with one way back: only the last star ever has to take in more.
function matchesName(pattern: string, name: string): boolean {
  let at = 0;
  let place = 0;
  let star = -1;
  let taken = 0;
  while (at < name.length) {
    if (pattern[place] === '*') {
      star = place++;
      taken = at;
    } else if (pattern[place] === '?' || pattern[place] === name[at]) {
      place++;
      at++;
    } else if (star >= 0) {
      place = star + 1;
      at = ++taken;
    } else return false;
  }
  while (pattern[place] === '*') place++;
  return place === pattern.length;
}
