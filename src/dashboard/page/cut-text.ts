// Owns texts cut to the room that a canvas has for them: names may be very long, and hold line breaks.

/** Longer texts than this are cut before they are measured. */
const MAX_MEASURED = 120;

/** As much of a text as a width has room for in the context's font, by halves. */
export function cutToWidth(context: CanvasRenderingContext2D, given: string, width: number): string {
  const text = given.slice(0, MAX_MEASURED).replace(/[\s\p{Cc}]+/gu, ' ');
  if (given.length <= MAX_MEASURED && context.measureText(text).width <= width) return text;
  const characters = Array.from(text);
  let least = 0;
  let most = characters.length;
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (context.measureText(`${characters.slice(0, middle).join('')}…`).width <= width) least = middle;
    else most = middle - 1;
  }
  return `${characters.slice(0, least).join('')}…`;
}
